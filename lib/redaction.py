"""Keep secrets out of what is logged, shown or exported.

Every pattern takes time linear in the text: each looks at bounded or unambiguous runs, because what is logged may come
from anybody.
"""

import logging
import re

MASK = "•••"

# What the name of a field, a parameter, a header or a variable contains when its value is a secret.
_NAME = (
    r"(?:passw|passphrase|pwd|contrase|(?<![a-z])(?:pass|clave|otp)(?![a-z])|secret|token|credential|session_?id"
    r"|auth(?:orization)?(?![a-z])"
    r"|(?:api|app|access|private|seal|signing|subscription|account|shared|encryption)[_-]?keys?(?![a-z])"
    r"|(?<=[?&])key(?==))"
    # The rest of a longer name, as in secret_key or tokenValue.
    r"[\w-]{0,40}"
)
# name=value, "name": value, name => value, ('name', 'value'), and name%3Dvalue inside an encoded address.
_SEPARATOR = r"(?:\\{0,3}[\"']?\s{0,3}(?:=>|[=:]|%3d)\s{0,3}|[\"']\s{0,3},\s{0,3}(?=b?[\"']))"
_QUOTED = (
    r"b?(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
    # A JSON text inside another text has its quotes escaped.
    r"|(?P<escaped>\\{1,3}[\"'])[^\n]*?(?P=escaped)"
    # Cut off before its quote ends.
    r"|\\{0,3}[\"'][^\n]*)"
)

_PATTERNS = (
    # Credentials inside an address: scheme://user:password@host, scheme://token@host
    (re.compile(r"(?<=://)[^\s/?#\"'<>]+(?=@)"), MASK),
    # The same with a slash in the password, which should have been encoded: anything but a port after the colon.
    (re.compile(r"(?<=://)[^\s/@:\"'\[]{0,100}:(?!\d{1,5}(?:[/?#\s]|$))[^\s\"'<>]{0,200}(?=@)"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END[^-]*-----|\Z)", re.DOTALL), MASK),
    # The secret at the end of a line's callback address: /hooks/<id>/<secret>
    (re.compile(r"(/hooks/[^/\s]{1,100}/)[^/\s?#\"'<>]+"), rf"\1{MASK}"),
    # Headers whose whole value is secret and has blanks in it.
    (
        re.compile(rf"(?i)(\b(?:proxy-)?authorization:\s{{0,3}}|\b(?:set-)?cookie:\s{{0,3}})(?!{_QUOTED})[^\r\n]+"),
        rf"\1{MASK}",
    ),
    (
        re.compile(rf"(?i)(?P<name>(?:{_NAME}|\b(?:set-)?cookies?){_SEPARATOR})(?P<value>{_QUOTED})"),
        rf"\g<name>'{MASK}'",
    ),
    (
        re.compile(rf"(?i)({_NAME}{_SEPARATOR})(?:(?:bearer|basic|app|ibsso|digest)\s{{1,3}})?[^\s&\"',;(){{}}\[\]]+"),
        rf"\1{MASK}",
    ),
    # Tokens that are recognised without a name.
    (re.compile(r"(?i)\b((?:bearer|basic|ibsso)\s{1,3})(?=[^\s\d=]{0,200}[\d=])[\w.~+/=-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"\b(App\s{1,3})(?=[^\s\d]{0,200}\d)[\w-]{16,}"), rf"\1{MASK}"),
    (re.compile(r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), MASK),
    # Fernet keys, and what is sealed with them.
    (re.compile(r"(?<![\w-])[\w-]{43}=(?![\w=-])", re.ASCII), MASK),
    (re.compile(r"(?<![\w-])gAAAAA[\w-]{20,}={0,2}", re.ASCII), MASK),
)


def redact(text: str) -> str:
    """The text with anything that looks like a credential replaced by a mask."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFilter(logging.Filter):
    """Redacts a record's message, its traceback and its stack, whatever library wrote it. Never raises, drops nothing.

    It belongs to the handlers: a logger's filter would not see what its children log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(_message(record))
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    """The record's message; where its arguments don't fit, both, since logging itself would print them unredacted."""
    try:
        return record.getMessage()
    except Exception:
        try:
            return f"{record.msg} (its arguments do not fit: {record.args!r})"
        except Exception:
            return f"A message that can't be shown, from {record.pathname}:{record.lineno}"
