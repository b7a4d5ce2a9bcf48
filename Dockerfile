# syntax=docker/dockerfile:1
# The image of every process of the product but MongoDB, Redis and the browsers: its command says which (compose.yaml).
# Python 3.11, because it is the version that the tests run on and that the requirements are locked for.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS node

FROM ${PYTHON_IMAGE} AS build
WORKDIR /app
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
COPY bin/image bin/image
COPY requirements-prod.txt ./
RUN bin/image packages
COPY runner runner
COPY assets assets
RUN bin/image assets
COPY . .
RUN bin/image files

FROM ${PYTHON_IMAGE}
# The ids are those of Selenium's images: browsers and workers share the profiles.
RUN groupadd --gid 1201 whatsmassive \
    && useradd --uid 1200 --gid 1201 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin whatsmassive \
    && install --directory --owner 1200 --group 1201 --mode 0700 /var/lib/whatsmassive /var/lib/whatsmassive/profiles
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WHATSMASSIVE_ENV=production \
    WHATSMASSIVE_DATA=/var/lib/whatsmassive
USER 1200:1201
EXPOSE 8000
# Of the web process; the others have their own in compose.yaml.
HEALTHCHECK --interval=15s --timeout=6s --start-period=120s --retries=3 CMD ["bin/healthy", "web"]
CMD ["python", "-m", "whatsmassive.web", "-b", "0.0.0.0", "-p", "8000"]
