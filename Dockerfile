# A small image of the app that runs without root. Build it with
# `docker build --build-arg APP_URL=https://app.example.com -t app .`; compose.yaml runs it.
# No test builds this image. The tests run the same standalone build as processes (template/e2e/instances.spec.ts).

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# For the landing page's link preview, and for server actions behind a proxy that changes `Host`.
ARG APP_URL
# The server reads ORY_SDK_URL when it starts. The build needs any valid URL.
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
