# Baseliner: one image for `serve`, `worker` and every other command. docs/image.md says what is in it, and how large it is.
# Any base with Debian's packages and Python 3.11 or newer as python3 does.
ARG BASE=python:3.11.14-slim-bookworm

# The newest Python packages that constraints.txt allows, in a virtual environment that has no pip.
FROM ${BASE} AS packages
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/baseliner
COPY constraints.txt pyproject.toml ./
ENV PIP_CONSTRAINT=/build/constraints.txt PIP_BUILD_CONSTRAINT=/build/constraints.txt \
    PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The dependencies alone first: a change of our own code then takes seconds to build.
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > needed.txt \
    && tools/bin/pip --python /opt/baseliner/bin/python install --only-binary :all: -r needed.txt \
    && find /opt/baseliner -name tests -type d -prune -exec rm -r {} +
COPY LICENSE README.md ./
COPY bot bot
COPY handlers handlers
COPY sandbox sandbox
RUN tools/bin/pip --python /opt/baseliner/bin/python install --no-deps .

# PostgreSQL's client programs, without the wrappers in Perl that Debian's packages bring.
FROM ${BASE} AS programs
# With PGDG=yes the PostgreSQL project's own repository, for several majors; with no, what the base's repositories offer.
ARG PGDG=yes
ARG POSTGRES_MAJORS="14 15 16 17 18"
RUN set -eu; export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; \
    if [ "$PGDG" = yes ]; then \
        apt-get install -y -qq --no-install-recommends ca-certificates postgresql-common; \
        sh /usr/share/postgresql-common/pgdg/*.sh -y; \
        # A repository that does not answer must not pass for one that offers nothing.
        apt-get -o APT::Update::Error-Mode=any update -qq; \
    fi; \
    found=""; \
    for major in $POSTGRES_MAJORS; do \
        if apt-cache show "postgresql-client-$major" > /dev/null 2>&1; then found="$found postgresql-client-$major"; fi; \
    done; \
    apt-get install -y -qq --no-install-recommends ${found:?"no postgresql-client of $POSTGRES_MAJORS is offered"}; \
    mkdir -p /out/usr/lib/postgresql /out/opt/libpq; \
    for folder in /usr/lib/postgresql/*/bin; do \
        mkdir -p "/out$folder"; \
        cp "$folder/pg_dump" "$folder/pg_dumpall" "$folder/pg_restore" "$folder/psql" "/out$folder"; \
    done; \
    cp /usr/lib/*/libpq.so.5* /out/opt/libpq

FROM ${BASE}
RUN set -eu; export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; \
    apt-get install -y -qq --no-install-recommends ca-certificates libpq5 libreadline8 openssh-client tini; \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*; \
    # Nothing that installs packages is needed here any more.
    if command -v pip > /dev/null; then pip uninstall --yes --quiet pip setuptools wheel; fi; \
    groupadd --gid 10001 baseliner; \
    useradd --uid 10001 --gid baseliner --home-dir /var/lib/baseliner --create-home --shell /usr/sbin/nologin baseliner; \
    mkdir -p /etc/baseliner /srv/backups; \
    install -d -m 0700 -o baseliner -g baseliner /var/tmp/baseliner /srv/backups
COPY --from=packages /opt/baseliner /opt/baseliner
COPY --from=programs /out /
# libpq as new as the newest program; and a failed build where a program lacks a library.
RUN set -eu; echo /opt/libpq > /etc/ld.so.conf.d/000-libpq.conf; ldconfig; \
    for program in /usr/lib/postgresql/*/bin/*; do "$program" --version; done; \
    /opt/baseliner/bin/baseliner --help > /dev/null
ENV PATH=/opt/baseliner/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    BASELINER_CONFIG=/etc/baseliner/baseliner.toml \
    MPLCONFIGDIR=/tmp/matplotlib
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Baseliner" \
      org.opencontainers.image.description="Database operations for PostgreSQL, from Slack" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
WORKDIR /var/lib/baseliner
EXPOSE 8080
# `serve` and `worker --http` alike; nothing is listened to by commands that end by themselves.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-IS", "-c", "from http.client import HTTPConnection as Http; probe = Http('127.0.0.1', 8080, timeout=4); probe.request('GET', '/healthz'); raise SystemExit(probe.getresponse().status != 200)"]
ENTRYPOINT ["tini", "--", "baseliner"]
CMD ["serve", "--http", "0.0.0.0:8080"]
