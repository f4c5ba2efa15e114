/** The module before the `?`, bundled to one CommonJS text by `build/thread-source.ts`, for `new Worker(source, { eval: true })`. */
declare module '*?thread-source' {
  const source: string
  export default source
}
