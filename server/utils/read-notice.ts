import type { H3Event } from 'h3'
import { readText } from './read-json-body'

const NOTICE_MAX = 16 * 1024

/**
 * The fields of a notice as they came, repeated names included: the query of a GET, query and form of a POST. Undefined
 * when they are more than any notice has.
 */
export async function readNotice(event: H3Event): Promise<[string, string][] | undefined> {
  const query = event.path.split('?').slice(1).join('?')
  const form = event.method === 'POST' ? await readText(event) : ''
  return query.length + form.length > NOTICE_MAX ? undefined : [...new URLSearchParams(query), ...new URLSearchParams(form)]
}
