# The app as a small image that runs without root. Build: docker build -t starter . Run: see compose.yaml.
# Not run by this project's tests, which run the same standalone build as processes (template/e2e/instances.spec.ts).

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# Where Ory is, is read when the server starts; a build need not know it.
RUN BUILD_STANDALONE=1 ORY_SDK_URL=http://not-known-yet.invalid npm run build

FROM node:26-slim
WORKDIR /app
ENV NODE_ENV=production HOSTNAME=0.0.0.0 PORT=3000
COPY --from=build /app/.next/standalone ./
COPY --from=build /app/.next/static ./.next/static
COPY --from=build /app/public ./public
USER node
EXPOSE 3000
CMD ["node", "server.js"]
