import { AppError } from '#server/errors/app-error'
import type { OpenRequest } from './open-request'
import { readAll } from './upstream'
import type { Passage, WholeReply } from './passage'
import type { UpstreamReply } from './upstream'

const ANSWER_MAX = 64 * 1024 * 1024

/** A whole answer: the upstream's own bytes where both speak one dialect. One that cannot be read or never became whole has delivered nothing. */
export async function* passWhole(open: OpenRequest, reply: UpstreamReply, passage: Passage): AsyncGenerator<WholeReply> {
  const body = await readAll(reply.chunks, ANSWER_MAX)
  if (!body) throw new AppError('upstream_malformed')
  const whole = passage.readWhole(body, reply.headers['content-type'] ?? '')
  open.metered = () => whole.metered
  open.firstByteAt = Date.now()
  open.committed = true
  yield whole
}
