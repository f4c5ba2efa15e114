/**
 * The disjoint classes a request's usage is split into. A unit is a token in `inputClasses` and `outputClasses`, and
 * one call, character, second and so on in the others. A class without a price of its own is charged like the class behind the arrow.
 */
export const usageClasses = {
  input: null,
  cachedInput: 'input',
  cacheWrite5m: 'input',
  cacheWrite1h: 'cacheWrite5m',
  audioInput: 'input',
  imageInput: 'input',
  output: null,
  reasoning: 'output',
  audioOutput: 'output',
  request: null,
  /** Text to be spoken, in code points. */
  characters: null,
  /** Sound to be written down, in begun seconds. */
  audioSeconds: null,
  /** One picture made, of whatever size. */
  image: null,
  /** One search of a reranker: a query over up to 100 documents. */
  search: null,
} as const satisfies Record<string, string | null>

export type UsageClass = keyof typeof usageClasses
export const usageClassNames = Object.keys(usageClasses) as UsageClass[]

/** Classes people think of one by one; all others in thousands or millions. */
export const singleUnits: readonly UsageClass[] = ['request', 'audioSeconds', 'image', 'search']

/** Classes of input, the dearer and rarer first: clamping keeps them before the plain ones. Together they are the whole input. */
export const inputClasses = ['cacheWrite1h', 'cacheWrite5m', 'cachedInput', 'audioInput', 'imageInput', 'input'] as const satisfies UsageClass[]
export const outputClasses = ['reasoning', 'audioOutput', 'output'] as const satisfies UsageClass[]
export type TokenClass = typeof inputClasses[number] | typeof outputClasses[number]

/** Units per class; absent means none. */
export type Usage = Partial<Record<UsageClass, number>>

/** Size and quality of pictures, in lower case; null where nobody said it. */
export interface Picture { size: string | null, quality: string | null }

/** In a price of pictures: whatever the size, or the quality, is. */
export const ANY = 'any'

/** What a long request costs: `P` is decimal text at the edge and integer nano-credits inside, as in all of these. */
export interface LongContext<P> {
  /** Tokens of the whole input; with one more, every token of the request has the prices of this tier. */
  above: number
  prices: Partial<Record<TokenClass, P>>
}

export interface PicturePrice<P> { size: string, quality: string, price: P }

/** Prices per million units by class, and what refines them. */
export type PriceTable<P> = Partial<Record<UsageClass, P>> & {
  longContext?: LongContext<P> | undefined
  images?: PicturePrice<P>[] | undefined
}
