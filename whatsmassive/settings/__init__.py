"""Django's settings, all of them from the environment (see variables.py and docs/configuration.md)."""

import os
import sys

from celery.schedules import schedule
from csp.constants import NONE, SELF

from whatsmassive.settings.variables import ROOT, InvalidVariable, read_variables

try:
    ENV = read_variables(os.environ)
except InvalidVariable as error:
    # Every process begins here: one sentence helps whoever started it more than the traceback of an import.
    sys.exit(f"Invalid setting: {error} (see docs/configuration.md)")

ENVIRONMENT: str = ENV["WHATSMASSIVE_ENV"]
PRODUCTION = ENVIRONMENT == "production"
DATA = ENV["WHATSMASSIVE_DATA"]
DEBUG: bool = ENV["DEBUG"]
SECRET_KEY: str = ENV["SECRET_KEY"]
SEAL_KEYS: list[str] = ENV["WHATSMASSIVE_SEAL_KEYS"]
ALLOWED_HOSTS: list[str] = ENV["ALLOWED_HOSTS"]
CSRF_TRUSTED_ORIGINS: list[str] = ENV["CSRF_TRUSTED_ORIGINS"]
PUBLIC_URL: str = ENV["PUBLIC_URL"]
DEFAULT_COUNTRY: str = ENV["DEFAULT_COUNTRY"]
ALLOW_PRIVATE_GATEWAYS: bool = ENV["ALLOW_PRIVATE_GATEWAYS"] or not PRODUCTION
SELENIUM_URL: str = ENV["SELENIUM_URL"]
BROWSER_HOST: str = ENV["BROWSER_HOST"]
BROWSER_MEMORY_MB: int = ENV["BROWSER_MEMORY_MB"]
WHATSAPP_WEB_URL: str = ENV["WHATSAPP_WEB_URL"]
PROFILES = DATA / "profiles"

INSTALLED_APPS = [
    "lib.contrib.AdminConfig",
    "lib.contrib.AuthConfig",
    "lib.contrib.AxesConfig",
    "lib.contrib.ContentTypesConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_mongodb_backend",
    "django_htmx",
    "csp",
    "channels",
    "whatsmassive",
    "accounts",
    "systemlog",
    "preferences",
    "debtors",
    "messaging",
    "sessions_app",
    "gateways",
    "campaigns",
    "outreach",
    "desk",
    "engine",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.keeping.SignInMiddleware",
    "whatsmassive.middleware.ViewerMiddleware",
    # Every page is for signed-in staff, unless its view says otherwise.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    # What is not in its table of roles is refused to everybody.
    "accounts.middleware.AccessMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "whatsmassive.urls"
ASGI_APPLICATION = "whatsmassive.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lib.htmx.base_template",
            ],
            # Drawn by us: the package's own tags are of an app that is not installed.
            "libraries": {"lucide": "whatsmassive.templatetags.icons"},
        },
    },
]

# MongoDB -------------------------------------------------------------------------------------------------------------
DATABASES = {
    "default": {
        "ENGINE": "lib.mongodb",
        "HOST": ENV["MONGODB_URI"],
        "NAME": ENV["MONGODB_NAME"],
        "OPTIONS": {
            "retryWrites": True,
            "w": "majority",
            "maxPoolSize": 50,
            "serverSelectionTimeoutMS": int(ENV["MONGODB_PATIENCE"] * 1000),
            "appname": "whatsmassive",
        },
    },
}
DATABASE_ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
MIGRATION_MODULES = {app: f"mongo_migrations.{app}" for app in ("admin", "auth", "axes", "contenttypes")}

# People --------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Whoever guesses passwords of a user from one address waits; others, and the user elsewhere, don't.
AXES_FAILURE_LIMIT = "accounts.security.failure_limit"
AXES_COOLOFF_TIME = "accounts.security.cool_off"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the system log has it
AXES_VERBOSE = False
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "desk:panel"
LOGOUT_REDIRECT_URL = "accounts:login"
SESSION_COOKIE_AGE = 400 * 24 * 3600  # a sign-in ends before, as the staff set it: accounts/sign_ins.py
SESSION_COOKIE_HTTPONLY = True

# Language and time ---------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "es"
LANGUAGES = [("es", "Español"), ("en", "English")]
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = ENV["TIME_ZONE"]
USE_TZ = True
FORMAT_MODULE_PATH = ["whatsmassive.formats"]

# Files ---------------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = ROOT / "build" / "static"
STATICFILES_DIRS = [ROOT / "static", ROOT / "build" / "vendor"]
# A checkout serves the files where they are; an image has them collected, compressed and named by their content.
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Transport security --------------------------------------------------------------------------------------------------
SECURE_COOKIES = PRODUCTION and not ENV["INSECURE_HTTP"]
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],  # Tabler's own icons are data addresses
        "style-src": [SELF, "'unsafe-inline'"],  # the width of a progress bar is a style attribute
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Live events and workers ---------------------------------------------------------------------------------------------
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [ENV["REDIS_URL"]], "prefix": f"whatsmassive.{ENV['MONGODB_NAME']}"},
    },
}
CELERY_BROKER_URL = ENV["REDIS_URL"]
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Databases share a Redis in tests: their queues must not.
    "global_keyprefix": f"whatsmassive.{ENV['MONGODB_NAME']}.",
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "engine"
# Those of a browser host (engine.deliver_whatsapp, engine.look_after_session) are issued to its own queues.
CELERY_TASK_ROUTES = {
    "engine.deliver_sms": {"queue": "sms"},
    "engine.poll_line": {"queue": "sms"},
    "engine.campaign_work": {"queue": "campaigns"},
    "engine.attach_import": {"queue": "campaigns"},
    "engine.debtor_work": {"queue": "campaigns"},
    "debtors.*": {"queue": "campaigns"},
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "engine.tick", "schedule": schedule(run_every=1.0), "options": {"expires": 10}},
}

DATA_UPLOAD_MAX_NUMBER_FIELDS = 6_000  # debtors that were ticked one by one, and a little more
UPLOAD_MAX_BYTES: int = ENV["UPLOAD_MAX_MB"] * 1024 * 1024
LANE_LEASE_SECONDS: float = ENV["LANE_LEASE_SECONDS"]

# Logs ----------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "lib.redaction.RedactingFilter"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]},
        "system_log": {"class": "systemlog.handler.SystemLogHandler", "filters": ["redact"]},
    },
    "root": {"handlers": ["console", *(["system_log"] if ENV["SYSTEM_LOG"] else [])], "level": ENV["LOG_LEVEL"]},
    "loggers": {
        # Celery says each received and finished task; a lane runs one every few seconds.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "axes": {"level": "ERROR"},  # the audit says who failed to sign in
    },
}
