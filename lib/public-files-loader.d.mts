export function publicFiles(projectDir?: string): string[]
