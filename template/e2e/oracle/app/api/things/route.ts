import { record } from "../../record"

export async function GET(): Promise<Response> {
  await record("api GET")
  return Response.json({})
}

export async function POST(): Promise<Response> {
  await record("api POST")
  return Response.json({})
}
