"""The URLs of contacts, digests and checks of numbers."""

from django.urls import path

from desk.outreach import checks, contacts, digests

app_name = "outreach"
urlpatterns = [
    path("contacts/", contacts.contact_list, name="contacts"),
    path("contacts/new/", contacts.new, name="contact-new"),
    path("contacts/export/", contacts.export, name="contacts-export"),
    path("contacts/put-back/", contacts.put_back, name="contact-put-back"),
    path("contacts/import/", contacts.send_file, name="book-new"),
    path("contacts/import/<oid:pk>/", contacts.file_page, name="book-file"),
    path("contacts/import/<oid:pk>/take/", contacts.take_file, name="book-take"),
    path("contacts/import/<oid:pk>/rejects/", contacts.rejects, name="book-rejects"),
    path("contacts/<oid:pk>/", contacts.edit, name="contact"),
    path("contacts/<oid:pk>/delete/", contacts.delete, name="contact-delete"),
    path("digests/", digests.digest_list, name="digests"),
    path("digests/mine/", digests.choose, name="digests-choose"),
    path("digests/test/", digests.send_test, name="digests-test"),
    path("checks/", checks.check_list, name="checks"),
    path("checks/new/", checks.new, name="check-new"),
    path("checks/<oid:pk>/", checks.check_page, name="check"),
    path("checks/<oid:pk>/export/", checks.export, name="check-export"),
    path("checks/<oid:pk>/<slug:name>/", checks.act, name="check-act"),
]
