import type { NextConfig } from "next"

export function lighterElements(): NonNullable<NextConfig["turbopack"]>
export function lighten(file: string, source: string): string
export function unknownShapes(read?: (file: string) => string): string[]
