"""The URLs of the pages of debtors and of the files that bring them."""

from django.urls import path

from desk.debtors import batch, detail, edit, files, imports, merge, pages, taking

app_name = "debtors"
urlpatterns = [
    path("", pages.debtor_list, name="list"),
    path("export/", taking.export, name="export"),
    path("campaign/", taking.new_campaign, name="campaign"),
    path("upload/", files.upload, name="upload"),
    path("upload/<oid:pk>/", files.check, name="check"),
    path("upload/<oid:pk>/understood/", files.understood, name="understood"),
    path("upload/<oid:pk>/sheet/", files.choose_sheet, name="sheet"),
    path("upload/<oid:pk>/drop/", files.drop, name="drop"),
    path("imports/", imports.import_list, name="imports"),
    path("imports/<oid:pk>/", imports.import_detail, name="import"),
    path("imports/<oid:pk>/stop/", imports.stop, name="import-stop"),
    path("imports/<oid:pk>/go-on/", imports.go_on, name="import-go-on"),
    path("imports/<oid:pk>/rejects/", imports.rejects, name="rejects"),
    path("duplicates/", merge.duplicates, name="duplicates"),
    path("batch/", batch.batch, name="batch"),
    path("work/", batch.works, name="works"),
    path("work/<oid:pk>/", batch.work_detail, name="work"),
    path("work/<oid:pk>/<slug:name>/", batch.work_act, name="work-act"),
    path("<oid:pk>/", detail.debtor_detail, name="debtor"),
    path("<oid:pk>/note/", detail.note, name="note"),
    path("<oid:pk>/edit/", edit.edit, name="edit"),
    path("<oid:pk>/merge/<oid:other>/", merge.merge, name="merge"),
]
