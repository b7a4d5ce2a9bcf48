"""Templates that people write: what they may hold, what is refused, and that values stay inert."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.core_fields import CORE_FIELDS
from domain.folding import fold
from domain.headers import Field
from domain.templating import (
    Fault,
    MissingValue,
    Placeholder,
    Rotation,
    TemplateError,
    bind,
    choose_variant,
    digest,
    missing,
    parse,
    render,
    resolve,
    suggest,
    unknown,
    unknown_with_fallback,
)
from tests.effort import assert_linear, calls_of

VALUES = {"name": "María José", "debt": "$1.234.567", "due_date": "05-11-2026", "sucursal": "Ñuñoa"}


def error_of(text: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Hola {nombre}, debe {deuda}.", "Hola María José, debe $1.234.567."),
        ("{name} {DEBT} { Vencimiento }", "María José $1.234.567 05-11-2026"),
        ("{Sucursal}", "Ñuñoa"),
        ("{ejecutivo|nuestro equipo}", "nuestro equipo"),
        ("{ejecutivo | a | b }", "a | b"),
        ("{nombre|cliente}", "María José"),
        ("Hola{apodo|}!", "Hola!"),
        ("{{nombre}} es {nombre}", "{nombre} es María José"),
        ("{{{nombre}}}", "{María José}"),
        ("uno\r\ndos\rtres", "uno\ndos\ntres"),
        ("sin nada", "sin nada"),
    ],
)
def test_render_fills_placeholders(text: str, rendered: str) -> None:
    assert render(parse(text), VALUES) == rendered


@pytest.mark.parametrize(
    ("text", "code", "position", "params"),
    [
        ("", Fault.EMPTY, 0, {}),
        (" \n\t", Fault.EMPTY, 0, {}),
        ("x" * 4097, Fault.TOO_LONG, 4096, {"length": 4097, "limit": 4096}),
        ("Hola {nombre", Fault.UNBALANCED, 5, {"brace": "{", "snippet": "{nombre"}),
        ("Hola {nombre, {deuda}", Fault.UNBALANCED, 5, {"brace": "{", "snippet": "{nombre, {deuda}"}),
        ("Hola nombre}\nadiós", Fault.UNBALANCED, 11, {"brace": "}", "snippet": "} adiós"}),
        ("{{nombre}", Fault.UNBALANCED, 8, {"brace": "}", "snippet": "}"}),
        ("a {} b", Fault.EMPTY_PLACEHOLDER, 2, {"snippet": "{} b"}),
        ("a { |x} b", Fault.EMPTY_PLACEHOLDER, 2, {"snippet": "{ |x} b"}),
        ("a {!?}", Fault.ILLEGAL_NAME, 2, {"name": "!?"}),
        ("a {uno\ndos}", Fault.ILLEGAL_NAME, 2, {"name": "uno dos"}),
        ("{" + "x" * 101 + "}", Fault.ILLEGAL_NAME, 0, {"name": "x" * 100}),
        ("a\x00b", Fault.ILLEGAL_CHARACTER, 1, {"character": "U+0000"}),
        ("año \udcf1", Fault.ILLEGAL_CHARACTER, 4, {"character": "U+DCF1"}),
    ],
)
def test_parse_refuses_a_faulty_template(text: str, code: Fault, position: int, params: dict[str, object]) -> None:
    error = error_of(text)
    assert (error.code, error.position, dict(error.params)) == (code, position, params)


def test_parse_keeps_positions_and_keys() -> None:
    template = parse("Sr. {Primer Nombre|cliente}: {Nº Contrato}, {nombre} y {nombre}")
    assert template.placeholders == (
        Placeholder("first_name", "cliente", 4),
        Placeholder("no_contrato", None, 29),
        Placeholder("name", None, 44),
        Placeholder("name", None, 55),
    )
    assert template.keys == ("first_name", "no_contrato", "name")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Nombre", "name"),
        ("TELÉFONO", "phone"),
        ("fono", "phone"),
        ("ID Externo", "external_id"),
        ("Fecha Vencimiento", "due_date"),
        ("RUT", "rut"),
        ("Nombre del ejecutivo", "nombre_del_ejecutivo"),
    ],
)
def test_resolve_knows_spanish_and_english(name: str, key: str) -> None:
    assert resolve(name) == key


def test_attribute_and_format_syntax_is_only_a_name() -> None:
    assert parse("{name.__class__} {name!r} {debt:>10}").keys == ("name_class", "name_r", "debt_10")


def test_missing_names_absent_and_blank_values_once() -> None:
    template = parse("{rut} {nombre} {sucursal|} {rut} {deuda}")
    values = {"name": " \u00a0", "debt": "\x07"}
    assert missing(template, values) == ("rut", "name", "debt")
    with pytest.raises(MissingValue) as caught:
        render(template, values)
    assert caught.value.names == ("rut", "name", "debt")


def test_missing_names_all_when_nothing_would_be_said() -> None:
    template = parse(" {a|}{b|} ")
    assert missing(template, {}) == ("a", "b")
    assert missing(template, {"b": "x"}) == ()


def test_render_strips_control_characters_from_values() -> None:
    assert render(parse("[{a}]"), {"a": "\x00uno\tdos\r\ntr\x1b\x85es\ud800\u00a0"}) == "[uno\tdos\ntres\u00a0]"


def test_bind_reads_names_as_the_import_reads_headers() -> None:
    template = parse("{Saldo} {cliente|x} {Fecha límite} {nombre} {cartera}")
    assert bind(template, ["Cartera"]).keys == ("debt", "name", "due_date", "cartera")
    assert bind(template, ["Cartera"]).placeholders[1] == Placeholder("name", "x", 8)
    # A second column that means the debt is a column of its own.
    assert bind(template, ["Saldo"]).keys == ("saldo", "name", "due_date", "cartera")


def test_core_fields_are_those_of_the_import_and_the_first_name() -> None:
    assert {*(str(field) for field in Field), "first_name"} == CORE_FIELDS


def test_unknown_separates_what_has_a_fallback() -> None:
    template = parse("{nombre} {cartera} {Sucursal} {ejecutivo|x} {cartera|y} {Apodo|z} {sucursal|w}")
    assert unknown(template, ["Sucursal"]) == ("cartera",)
    assert unknown_with_fallback(template, ["Sucursal"]) == ("ejecutivo", "apodo")


@pytest.mark.parametrize(
    ("name", "columns", "suggested"),
    [
        ("nombr", (), "nombre"),
        ("Ejecutiva", ("Sucursal", "Ejecutivo"), "ejecutivo"),
        ("zzz", ("Sucursal",), None),
    ],
)
def test_suggest_finds_what_was_meant(name: str, columns: tuple[str, ...], suggested: str | None) -> None:
    assert suggest(name, columns) == suggested


@pytest.mark.parametrize(
    ("rotation", "index", "draw", "chosen"),
    [
        (Rotation.NONE, 5, 0.9, 0),
        (Rotation.ROUND_ROBIN, 0, 0.9, 0),
        (Rotation.ROUND_ROBIN, 5, 0.0, 2),
        (Rotation.RANDOM, 5, 0.0, 0),
        (Rotation.RANDOM, 5, 0.34, 1),
        (Rotation.RANDOM, 5, 1 - 2**-53, 2),
    ],
)
def test_choose_variant_of_three(rotation: Rotation, index: int, draw: float, chosen: int) -> None:
    assert choose_variant(rotation, 3, index, draw) == chosen


def test_choose_variant_without_texts_is_an_error() -> None:
    with pytest.raises(ValueError, match="no text"):
        choose_variant(Rotation.NONE, 0, 0, 0.0)


@given(
    st.sampled_from(Rotation), st.integers(1, 50), st.integers(0, 10**9), st.floats(0, 1, exclude_max=True, width=64)
)
def test_choose_variant_is_always_one_of_them(rotation: Rotation, count: int, index: int, draw: float) -> None:
    assert 0 <= choose_variant(rotation, count, index, draw) < count


def test_digest_is_stable_and_tells_versions_apart() -> None:
    assert digest(["Hola {nombre}", "Buenas"]) == "fea2a6e04e5cdbf1"
    assert len({digest(texts) for texts in ([], [""], ["ab"], ["a", "b"], ["", "ab"], ["b", "a"])}) == 6


# Properties ----------------------------------------------------------------------------------------------------------
anything = st.text(st.characters(codec=None)) | st.text(st.sampled_from("{}|ab \n\r"), max_size=40)
clean_text = st.text(st.characters(exclude_categories=("Cc", "Cs")))


@given(anything)
def test_parse_raises_nothing_but_template_errors(text: str) -> None:
    try:
        template = parse(text)
    except TemplateError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert all(text[place.position] == "{" for place in template.placeholders)


@given(clean_text.filter(lambda text: text.strip() != ""))
def test_escaped_braces_come_back_as_written(text: str) -> None:
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert render(parse(escaped), {}) == text


@given(clean_text, clean_text, clean_text)
def test_values_with_braces_are_inert(before: str, value: str, after: str) -> None:
    def escape(text: str) -> str:
        return text.replace("{", "{{").replace("}", "}}")

    template = parse(f"{escape(before)}{{x|fallback}}{escape(after)}")
    expected = value if value.strip() else "fallback"
    assert render(template, {"x": value, "fallback": "wrong"}) == before + expected + after


@given(anything, st.dictionaries(st.sampled_from(["a", "b", "name", "ab"]), anything))
def test_render_succeeds_exactly_when_nothing_is_missing(text: str, values: dict[str, str]) -> None:
    try:
        template = parse(text)
    except TemplateError:
        return
    names = missing(template, values)
    try:
        assert render(template, values).strip() != ""
        assert names == ()
    except MissingValue as error:
        assert error.names == names != ()


@given(anything)
def test_fold_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("size", [1024, 25_000])
@pytest.mark.parametrize("unit", ["{", "}", "{a}", "{a|", " "])
def test_parse_of_hostile_text_takes_linear_time(unit: str, size: int) -> None:
    def work(characters: int) -> None:
        with suppress(TemplateError):
            parse(unit * (characters // len(unit)))

    assert_linear(work, size=size)


def test_rendering_takes_few_steps() -> None:
    """100,000 messages take seconds."""
    template = parse(
        "Hola {nombre}, su deuda de {deuda} vence el {vencimiento}. {ejecutivo|Nuestro equipo}, {sucursal}"
    )
    assert calls_of(lambda: render(template, VALUES)) < 100
