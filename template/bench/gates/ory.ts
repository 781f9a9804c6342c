import { Configuration, FrontendApi } from "@ory/client"

/** The client of Ory's session guide, with its default settings. */
const ory = new FrontendApi(new Configuration({ basePath: process.env.ORY_SDK_URL }))

export default ory
