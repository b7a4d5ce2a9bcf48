"""The fields that every debtor has, as placeholders call them."""

from collections.abc import Mapping

# What a placeholder may be called, folded, and the core field it means. Every other name is a column of the file.
ALIASES: Mapping[str, str] = {
    "name": "name",
    "nombre": "name",
    "nombre_completo": "name",
    "full_name": "name",
    "first_name": "first_name",
    "primer_nombre": "first_name",
    "phone": "phone",
    "telefono": "phone",
    "fono": "phone",
    "celular": "phone",
    "debt": "debt",
    "deuda": "debt",
    "rut": "rut",
    "external_id": "external_id",
    "id_externo": "external_id",
    "due_date": "due_date",
    "vencimiento": "due_date",
    "fecha_vencimiento": "due_date",
    "fecha_de_vencimiento": "due_date",
}
CORE_FIELDS = frozenset(ALIASES.values())
