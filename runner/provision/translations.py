"""Compiles the catalogues of translations (locale/*/LC_MESSAGES/*.po), with Babel, which needs no system package."""

from pathlib import Path

from runner.provision.steps import PYTHON, ROOT, Step, call, hash_of


def catalogues() -> list[Path]:
    return sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po"))


def present() -> bool:
    return all(path.with_suffix(".mo").exists() for path in catalogues())


def compile_catalogues() -> str:
    found = catalogues()
    for path in found:
        call(
            [
                str(PYTHON),
                "-m",
                "babel.messages.frontend",
                "compile",
                "--input-file",
                str(path),
                "--output-file",
                str(path.with_suffix(".mo")),
            ],
            advice=f"Correct {path.relative_to(ROOT)}, then run bin/setup again.",
        )
    return f"compiled {len(found)}"


STEP = Step("Translations", lambda: hash_of("", *catalogues()), present, compile_catalogues)
