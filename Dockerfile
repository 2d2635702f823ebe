# The gateway with what npx and uvx servers need. docs/operations/image.md says how to build, check and extend it.
#
#   docker build -t drawbridge .                               all of it
#   docker build --build-arg SERVERS=node -t drawbridge .      without Python and uv, for npx servers only
#
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG SERVERS=python

# --- Production dependencies. The packages that hold a Node binary are optional, and left out: the base has Node 24.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# A private registry's npmrc can be lent as a build secret, which no layer keeps.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error \
    && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete

# --- uv, held to its hashes, in an environment that stays behind; its two programs stand alone.
FROM ${NODE_IMAGE} AS uv
COPY deploy/image/uv.txt /tmp/uv.txt
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv \
    && python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --quiet --no-cache-dir --no-deps --only-binary :all: --require-hashes -r /tmp/uv.txt

# --- What contains workers (bubblewrap; setpriv, unshare, nsenter and mount are in the base), and an init that reaps.
FROM ${NODE_IMAGE} AS tools-node
RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap ca-certificates mount tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*.log /var/log/apt \
    && groupadd --gid 1001 drawbridge \
    && useradd --uid 1001 --gid 1001 --no-create-home --home-dir /var/lib/drawbridge --shell /usr/sbin/nologin drawbridge \
    && install -d -o 1001 -g 1001 -m 0750 /data /var/lib/drawbridge \
    && install -d -o 1001 -g 1001 -m 0755 /opt/drawbridge /opt/drawbridge/packages /etc/drawbridge

FROM tools-node AS tools-python
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*.log /var/log/apt
COPY --from=uv /opt/uv/bin/uv /opt/uv/bin/uvx /usr/local/bin/

# --- The image. Everything of the project belongs to root and is not written to.
FROM tools-${SERVERS} AS image
COPY --from=dependencies /app/node_modules /app/node_modules
COPY package.json LICENSE *.ts /app/
COPY bin /app/bin
COPY config /app/config
COPY plugins /app/plugins
COPY routes /app/routes
COPY src /app/src
# uv takes the Python and the certificate authorities of the image, and fetches neither.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    DRAWBRIDGE_CONFIG=/etc/drawbridge/gateway.yaml \
    DRAWBRIDGE_STATE_DIR=/var/lib/drawbridge \
    DRAWBRIDGE_PACKAGES=/opt/drawbridge/packages \
    UV_PYTHON_DOWNLOADS=never \
    UV_SYSTEM_CERTS=1
# Not the configuration's folder: a mount may go away under a process that stands in it.
WORKDIR /app
USER 1001:1001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --retries=3 --start-period=60s CMD ["node", "/app/bin/health.mjs"]
ENTRYPOINT ["/usr/bin/tini", "--", "node", "/app/bin/drawbridge.mjs"]
CMD ["serve"]
# Last, because they differ with each build.
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Drawbridge" \
      org.opencontainers.image.description="Multi-tenant MCP gateway" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
