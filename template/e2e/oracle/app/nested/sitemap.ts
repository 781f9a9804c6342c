import type { MetadataRoute } from "next"
import { record } from "../record"

export default async function sitemap(): Promise<MetadataRoute.Sitemap> {
  await record("sitemap")
  return [{ url: "http://localhost/nested" }]
}
