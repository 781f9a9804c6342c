export default function UnavailablePage(): string {
  return "unavailable"
}
