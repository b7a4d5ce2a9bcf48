"""The pages' URLs: signing in and out, one's own account, the language."""

from django.contrib.auth import views as auth
from django.urls import path

from accounts import list_views, profile, views

app_name = "accounts"
urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/", views.PasswordView.as_view(), name="password"),
    path("language/", views.choose_language, name="language"),
    path("theme/", profile.choose_theme, name="theme"),
    path("profile/", profile.profile, name="profile"),
    path("sign-ins/", profile.sign_in_list, name="sign-ins"),
    path("sign-ins/others/end/", profile.end_others, name="sign-ins-end-others"),
    path("sign-ins/<oid:pk>/end/", profile.end_sign_in, name="sign-in-end"),
    path("lists/<slug:list_name>/filters/", list_views.save_filter, name="filter-save"),
    path("lists/filters/<oid:pk>/<slug:act>/", list_views.act_on_filter, name="filter-act"),
    path("lists/<slug:list_name>/columns/", list_views.choose_columns, name="list-columns"),
]
