export default function HomePage(): string {
  return "home"
}
