import { record } from "../record"

export default async function Image(): Promise<Response> {
  await record("image")
  return new Response("image", { headers: { "content-type": "image/png" } })
}
