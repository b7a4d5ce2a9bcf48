"""The headers that name a debtor's fields, in Spanish and English."""

import re
from collections.abc import Mapping
from enum import StrEnum

from domain.folding import fold


class Field(StrEnum):
    NAME = "name"
    PHONE = "phone"
    DEBT = "debt"
    RUT = "rut"
    EXTERNAL_ID = "external_id"
    DUE_DATE = "due_date"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Folded headers, without a final 1 ("Teléfono 1"). A bare "ID" or "N°" is most often a row counter and thus no external
# id; "documento" is an invoice as often as a person.
_HEADERS: Mapping[Field, frozenset[str]] = {
    Field.NAME: _words(
        "nombre nombres nombre_completo nombre_y_apellido nombre_y_apellidos nombres_y_apellidos "
        "nombre_cliente nombre_del_cliente nombre_deudor nombre_del_deudor razon_social cliente deudor "
        "titular name full_name fullname customer customer_name client client_name debtor debtor_name"
    ),
    Field.PHONE: _words(
        "telefono telefonos telefono_movil telefono_celular telefono_contacto telefono_de_contacto fono fonos "
        "fono_movil fono_celular fono_contacto celular celulares movil numero_telefono numero_de_telefono "
        "numero_telefonico numero_celular numero_de_celular numero_movil nro_telefono nro_de_telefono "
        "n_telefono no_telefono n_de_telefono num_telefono nro_celular n_celular no_celular tel phone phones "
        "phone_number phonenumber telephone telephone_number mobile mobile_phone mobile_number cell cell_phone "
        "cellphone cell_number msisdn whatsapp numero_whatsapp whatsapp_number wsp"
    ),
    Field.DEBT: _words(
        "deuda deuda_total total_deuda monto monto_deuda monto_de_la_deuda monto_adeudado monto_total "
        "monto_a_pagar total_a_pagar total_adeudado saldo saldo_deuda saldo_total saldo_pendiente "
        "saldo_insoluto importe adeudo debt debt_amount total_debt amount amount_due amount_owed balance "
        "balance_due outstanding outstanding_balance total_due"
    ),
    Field.RUT: _words(
        "rut r_u_t rut_dv rut_cliente rut_deudor rut_del_cliente rut_del_deudor rut_titular run r_u_n dni "
        "d_n_i cedula cedula_de_identidad ci c_i numero_de_cedula curp rfc cpf cnpj cuit cuil nit tax_id "
        "taxid national_id national_id_number ssn id_number"
    ),
    Field.EXTERNAL_ID: _words(
        "id_externo identificador_externo codigo codigo_externo codigo_cliente codigo_de_cliente "
        "codigo_deudor codigo_interno cod_cliente cod_deudor id_cliente id_del_cliente id_deudor "
        "id_del_deudor external_id externalid ext_id customer_id client_id debtor_id customer_code "
        "client_code"
    ),
    Field.DUE_DATE: _words(
        "vencimiento fecha_vencimiento fecha_de_vencimiento fecha_venc fec_vencimiento fec_venc f_vencimiento "
        "f_venc fecha_vcto vcto fecha_limite fecha_limite_de_pago due_date duedate due date_due payment_due "
        "payment_due_date"
    ),
}
_FIELD_OF = {header: each for each, headers in _HEADERS.items() for header in headers}
WEAK_PHONES = frozenset({"numero", "number", "num"})
"""Folded. Read as the phone only where no other column is one: it may as well be the number of a contract."""
_FIRST = re.compile(r"_?1$")


def recognise(header: str) -> Field | None:
    """The field that a header means, whatever its accents, case and punctuation; None for any other column."""
    folded = fold(header)
    return _FIELD_OF.get(folded) or _FIELD_OF.get(_FIRST.sub("", folded))
