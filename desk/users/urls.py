"""The URLs of the users' pages."""

from django.urls import path

from desk.users import acts, handing_over, pages

app_name = "users"
urlpatterns = [
    path("", pages.user_list, name="list"),
    path("new/", pages.new, name="new"),
    path("<oid:pk>/", pages.user_detail, name="user"),
    path("<oid:pk>/deactivate/", acts.deactivate, name="deactivate"),
    path("<oid:pk>/activate/", acts.activate, name="activate"),
    path("<oid:pk>/password/", acts.reset_password, name="password"),
    path("<oid:pk>/sign-out/", acts.sign_out, name="sign-out"),
    path("sign-ins/<oid:pk>/end/", acts.end_sign_in, name="sign-in-end"),
    path("<oid:pk>/hand-over/", handing_over.hand_over, name="hand-over"),
]
