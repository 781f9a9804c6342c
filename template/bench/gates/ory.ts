import { Configuration, FrontendApi } from "@ory/client"

/** The client of Ory's session guide: all as it comes. */
const ory = new FrontendApi(new Configuration({ basePath: process.env.ORY_SDK_URL }))

export default ory
