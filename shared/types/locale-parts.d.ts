/** Part of the texts before the `?`, made by `build/locale-parts.ts`. */
declare module '*?locale=front' {
  const messages: Record<string, unknown>
  export default messages
}

declare module '*?locale=rest' {
  const messages: Record<string, unknown>
  export default messages
}
