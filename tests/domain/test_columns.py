"""What each column of a sheet is taken for."""

import pytest

from domain.columns import (
    ColumnsError,
    ColumnWarning,
    MetadataColumn,
    choose_columns,
    column_letter,
    find_header,
    guess_columns,
    parse_mapping,
)
from domain.headers import Field, recognise


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Nombre", Field.NAME),
        ("NOMBRE COMPLETO", Field.NAME),
        ("Cliente", Field.NAME),
        ("Deudor", Field.NAME),
        ("Full name", Field.NAME),
        ("Teléfono", Field.PHONE),
        ("telefono", Field.PHONE),
        ("  FONO ", Field.PHONE),
        ("Fono1", Field.PHONE),
        ("Teléfono 1", Field.PHONE),
        ("N° Teléfono", Field.PHONE),
        ("Nº teléfono", Field.PHONE),
        ("Celular", Field.PHONE),
        ("Móvil", Field.PHONE),
        ("Phone", Field.PHONE),
        ("Mobile", Field.PHONE),
        ("WhatsApp", Field.PHONE),
        ("Deuda", Field.DEBT),
        ("Monto deuda", Field.DEBT),
        ("Monto", Field.DEBT),
        ("Saldo", Field.DEBT),
        ("Debt", Field.DEBT),
        ("Amount", Field.DEBT),
        ("Balance", Field.DEBT),
        ("RUT", Field.RUT),
        ("R.U.T.", Field.RUT),
        ("RUN", Field.RUT),
        ("DNI", Field.RUT),
        ("Tax ID", Field.RUT),
        ("National id", Field.RUT),
        ("ID externo", Field.EXTERNAL_ID),
        ("External-ID", Field.EXTERNAL_ID),
        ("Código", Field.EXTERNAL_ID),
        ("Id cliente", Field.EXTERNAL_ID),
        ("Vencimiento", Field.DUE_DATE),
        ("Fecha de Vencimiento", Field.DUE_DATE),
        ("Due date", Field.DUE_DATE),
        ("ID", None),
        ("N°", None),
        ("Teléfono 2", None),
        ("Ejecutivo", None),
        ("", None),
    ],
)
def test_recognise_knows_headers_in_spanish_and_english(header: str, field: Field | None) -> None:
    assert recognise(header) == field


def test_choose_columns_keeps_the_others_as_metadata() -> None:
    columns = choose_columns(["N°", "Nombre", "Fono", "Ejecutivo Asignado", "", "$"], {})
    assert columns.fields == {Field.NAME: 1, Field.PHONE: 2}
    assert columns.metadata == (
        MetadataColumn(0, "n", "N°"),
        MetadataColumn(3, "ejecutivo_asignado", "Ejecutivo Asignado"),
        MetadataColumn(5, "column_f", "$"),
    )
    assert columns.unnamed == (4,)
    assert columns.warnings == ()


def test_choose_columns_gives_a_field_to_the_first_of_two_and_warns() -> None:
    columns = choose_columns(["Fono", "Celular", "Nombre"], {})
    assert columns.fields == {Field.PHONE: 0, Field.NAME: 2}
    assert columns.metadata == (MetadataColumn(1, "celular", "Celular"),)
    assert columns.warnings == (ColumnWarning("same_field", {"field": "phone", "used": "Fono", "kept": "Celular"}),)


def test_choose_columns_takes_a_bare_number_for_the_phone_only_where_there_is_no_other() -> None:
    assert choose_columns(["Número", "Nombre"], {}).fields[Field.PHONE] == 0
    columns = choose_columns(["Número", "Celular"], {})
    assert columns.fields == {Field.PHONE: 1}
    assert columns.metadata == (MetadataColumn(0, "numero", "Número"),)
    assert columns.warnings == ()


def test_choose_columns_tells_columns_of_one_name_apart() -> None:
    columns = choose_columns(["Fono", "Nota", "nota", "NOTA 2"], {})
    assert [each.key for each in columns.metadata] == ["nota", "nota_2", "nota_2_2"]
    assert [warning.code for warning in columns.warnings] == ["same_name", "same_name"]


def test_choose_columns_follows_the_mapping_before_the_headers() -> None:
    mapping = parse_mapping(["fono 2=phone", "ID=external_id", "Nota=ignore", "a=b=debt"])
    columns = choose_columns(["ID", "Fono", "Fono 2", "Nota", "a=b", "Deuda"], mapping)
    assert columns.fields == {Field.PHONE: 2, Field.EXTERNAL_ID: 0, Field.DEBT: 4}
    assert [each.header for each in columns.metadata] == ["Fono", "Deuda"]
    assert columns.warnings == ()


def test_choose_columns_does_not_read_the_reasons_of_a_rejects_file() -> None:
    columns = choose_columns(["Fono", "Motivo del rechazo", "Reason for rejection"], {})
    assert columns.metadata == ()


@pytest.mark.parametrize(
    ("texts", "code", "params"),
    [
        (["Fono"], "bad_mapping", {"text": "Fono"}),
        (["=phone"], "bad_mapping", {"text": "=phone"}),
        (["Fono="], "bad_mapping", {"text": "Fono="}),
        (["Fono=fax"], "unknown_field", {"field": "fax",
         "fields": ("name", "phone", "debt", "rut", "external_id", "due_date", "ignore", "keep")}),
        (["Fono=phone", "Celular=PHONE"], "mapped_twice", {"field": "phone"}),
    ],
)  # fmt: skip
def test_parse_mapping_refuses_what_it_cannot_follow(texts: list[str], code: str, params: dict[str, object]) -> None:
    with pytest.raises(ColumnsError) as caught:
        parse_mapping(texts)
    assert (caught.value.code, caught.value.params) == (code, params)


def test_choose_columns_without_a_phone_names_the_headers() -> None:
    with pytest.raises(ColumnsError) as caught:
        choose_columns(["Nombre", "", "Correo"], {})
    assert (caught.value.code, caught.value.params) == ("no_phone_column", {"headers": ["Nombre", "Correo"]})


def test_choose_columns_with_a_mapped_header_that_is_not_there_names_the_headers() -> None:
    with pytest.raises(ColumnsError) as caught:
        choose_columns(["Nombre", "Fono"], {"Celular": "phone"})
    assert caught.value.code == "unknown_header"
    assert caught.value.params == {"header": "Celular", "headers": ["Nombre", "Fono"]}


def test_choose_columns_keeps_what_the_mapping_keeps() -> None:
    columns = choose_columns(["Fono", "Nombre", "Deuda"], parse_mapping(["Nombre=keep", "Deuda=keep"]))
    assert columns.fields == {Field.PHONE: 0}
    assert [each.key for each in columns.metadata] == ["nombre", "deuda"]


@pytest.mark.parametrize(
    ("headers", "guessed"),
    [
        (["Fono", "", "Nota", "Celular"], {0: "phone", 2: "keep", 3: "keep"}),
        (["Nombre", "Contacto", "Motivo del rechazo"], {0: "name", 1: "keep", 2: "ignore"}),
        (["Nombre", "Cliente"], {0: "name", 1: "keep"}),
        ([], {}),
    ],
)
def test_guess_columns_says_what_each_is_with_a_phone_or_without(headers: list[str], guessed: dict[int, str]) -> None:
    assert guess_columns(headers) == guessed


def test_find_header_skips_titles_and_blank_rows() -> None:
    rows = [[], ["", None], ["Cartera marzo", ""], ["", "Nombre", "Celular"], ["", "Ana", 987654321.0]]
    assert find_header(rows, {}) == 3


def test_find_header_looks_for_the_mapped_phone() -> None:
    assert find_header([["Cartera"], ["Nombre", "Contacto"]], {"CONTACTO": "phone"}) == 1


def test_find_header_without_a_phone_is_the_first_row_with_something() -> None:
    assert find_header([["", ""], ["Nombre", "Correo"], ["Ana", "a@b.cl"]], {}) == 1
    assert find_header([["", None], []], {}) is None


@pytest.mark.parametrize(("index", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_column_letter_counts_as_spreadsheets_do(index: int, letter: str) -> None:
    assert column_letter(index) == letter
