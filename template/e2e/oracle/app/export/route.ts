import { record } from "../record"

export async function GET(): Promise<Response> {
  await record("handler GET")
  return Response.json({})
}

export async function POST(): Promise<Response> {
  await record("handler POST")
  return Response.json({})
}
