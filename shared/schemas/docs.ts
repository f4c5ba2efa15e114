import { z } from 'zod'

/** What the documentation tells of this very shop. */
export const docsReply = z.object({
  /** Every error a tool may meet, in the words of the answer. */
  errors: z.array(z.object({ code: z.string(), status: z.number().int(), retryable: z.boolean(), message: z.string() })),
  /** Seconds, megabytes, days, requests. */
  limits: z.object({
    bodyMb: z.number().int(),
    concurrency: z.number().int(),
    headersTimeout: z.number().int(),
    silenceTimeout: z.number().int(),
    deadline: z.number().int(),
    requestsDays: z.number().int(),
  }),
})
export type DocsReply = z.output<typeof docsReply>
