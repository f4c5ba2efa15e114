# syntax=docker/dockerfile:1

# Two stages: one with everything to build, one with what runs: Node and the bundle, no package and no source.
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /src
# The packages alone first: they change rarely, and this layer is kept as long as they do not. No install script is
# needed for the bundle; the one of this project prepares an editor and wants the sources.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN NODE_ENV=production NUXT_TELEMETRY_DISABLED=1 npm run build

FROM node:${NODE}
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    VAPOR_DATA_DIR=/data \
    VAPOR_STORE=sqlite:/data/vapor.db
WORKDIR /app
COPY --from=build /src/.output ./.output
COPY --from=build /src/scripts/backup-store.ts ./scripts/backup-store.ts
# The bundle belongs to root and the server cannot change it; only /data is the server's own.
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 3000
# Lives, not ready: a container whose store is away must not be started again and again.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The signal reaches Node itself, which serves on for VAPOR_DRAIN_SECONDS and waits for VAPOR_STOP_SECONDS.
STOPSIGNAL SIGTERM
CMD ["node", ".output/server/index.mjs"]
