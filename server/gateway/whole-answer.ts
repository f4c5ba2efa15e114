import { AppError } from '#server/errors/app-error'
import type { OpenRequest } from './open-request'
import { readAll } from './upstream'
import type { UpstreamReply } from './upstream'

const ANSWER_MAX = 64 * 1024 * 1024

/** A whole answer, as bytes unchanged. One that cannot be read or never became whole has delivered nothing. */
export async function* passWhole(open: OpenRequest, reply: UpstreamReply): AsyncGenerator<Uint8Array> {
  const body = await readAll(reply.chunks, ANSWER_MAX)
  if (!body) throw new AppError('upstream_malformed')
  const metered = open.dialect.readReply(body)
  open.metered = () => metered
  open.firstByteAt = Date.now()
  open.committed = true
  yield body
}
