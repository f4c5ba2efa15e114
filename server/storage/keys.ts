/**
 * Every key Vapor writes is built here, so this table is the map of the store.
 *
 * | list | key | order |
 * |---|---|---|
 * | requests of all, a user, a key, a channel, a model, failures | `reqs_<list>_<time>_<request>` → request id | booking time |
 * | entries of a user | `entry_<user>_<time>_<entry>` → the entry | booking time |
 * | open holds | `hold_<request>` → the hold | request id |
 * | users | `users_all_<time>_<user>`, `users_name_<base32 name>_<user>` → user id | sign-up time, name |
 * | keys of a user | `keys_user_<user>_<key>` → key id | key id |
 * | channels, models | `channel_<id>`, `model_<id>` → the record | id |
 * | batches of codes | `batch_<batch>` → the batch | time of making |
 * | claims of a code, where nobody sees at once who was first | `claim_<code>_<time>_<user>` → the claim | time of claiming |
 * | users somebody invited | `invited_<inviter>_<time>_<user>` → user id | sign-up time |
 * | audit | `audit_<time>_<id>` → the line | time |
 * | audits of the books | `auditrun_<id>` → what came out | time |
 * | announcements | `announcement_<id>` → the announcement | time of making |
 * | orders of all, a user | `orders_<list>_<time>_<order>` → order id | creation |
 * | orders to ask the gateway about | `orders_ask_<time>_<order>` → order id | next question |
 * | notices of an order | `notice_<order>_<id>` → the notice | time |
 * | changes of orders, for totals | `orderevent_<time>_<id>` → the event | time |
 * | totals of orders | `ordertotal_day_<day>`, `ordertotal_state_<state>` → counters | day, state |
 * | alerts | `alert_<id>` → the alert | time |
 * | statistics of a user's models | `statum_<user>_<day>_<model>` → counters | day, model |
 * | statistics | `stat_<dimension>_<id>_<day>` → counters | day |
 * | how models were served | `measure_<span>_<slot>_<model>` → counters | start of the slot |
 * | who was there on a day, in a week | `statday_<dimension>_<day>_<id>`, `statweek_<dimension>_<Monday>_<id>` → counters | id |
 *
 * Lists sort by time only. Times are booking times, fixed width, so that a long request never appears behind a cursor.
 */
import { createHash } from 'node:crypto'

const ALPHABET = '0123456789abcdefghijklmnopqrstuv'
const TIME_WIDTH = 9
/** Characters of a user name that are sorted and searched by: the longest still fits a key. */
const NAME_LENGTH = 40

/** Lower-case base32hex: keeps byte order and shared beginnings of whole groups of 5 bits. For parts from outside. */
export function base32(text: string): string {
  let bits = 0
  let value = 0
  let out = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    value = ((value << 8) | byte) & 0xFFFF
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += ALPHABET[(value >>> bits) & 31]
    }
  }
  return bits > 0 ? out + ALPHABET[(value << (5 - bits)) & 31] : out
}

/** The characters of {@link base32} every text beginning with `text` shares. */
export function base32Prefix(text: string): string {
  return base32(text).slice(0, Math.floor(Buffer.byteLength(text) * 8 / 5))
}

/** What {@link base32} was made from. */
export function readBase32(text: string): string {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const character of text) {
    value = ((value << 5) | ALPHABET.indexOf(character)) & 0xFFF
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >>> bits) & 0xFF)
  }
  return Buffer.from(bytes).toString('utf8')
}

/** Epoch milliseconds at fixed width, so that byte order is time order. */
export function timePart(at: number): string {
  return Math.floor(at).toString(36).padStart(TIME_WIDTH, '0')
}

export function readTimePart(part: string): number {
  return Number.parseInt(part, 36)
}

/** The time in the key of a row, where the time follows the prefix of its list. */
export function readRowTime(prefix: string, key: string): number {
  return readTimePart(key.slice(prefix.length, prefix.length + TIME_WIDTH))
}

/** A long or foreign reference, as a key part of fixed length. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export type RequestList =
  | { list: 'all' } | { list: 'failed' }
  | { list: 'user' | 'key' | 'channel', id: string }
  | { list: 'model', id: string }

export type StatDimension = 'all' | 'user' | 'model' | 'channel'
type MeasureSpan = 'window' | 'hour' | 'day'

export const keys = {
  meta: (name: string) => `meta_${name}`,
  /** There while an archive is being read in: the store is not whole yet. */
  importing: 'meta_import',
  version: (name: 'auth' | 'catalogue' | 'settings') => `version_${name}`,
  lease: (instance: string) => `lease_${instance}`,
  leader: (job: string, slot: number) => `leader_${job}_${slot}`,
  lead: (job: string) => `leader_${job}`,

  user: (user: string) => `user_${user}`,
  usersAll: (createdAt: number, user: string) => `users_all_${timePart(createdAt)}_${user}`,
  usersAllPrefix: 'users_all_',
  usersName: (name: string, user: string) => `users_name_${base32(name.toLowerCase().slice(0, NAME_LENGTH))}_${user}`,
  usersNameAll: 'users_name_',
  usersNamePrefix: (begin: string) => `users_name_${base32Prefix(begin.toLowerCase().slice(0, NAME_LENGTH))}`,

  key: (key: string) => `key_${key}`,
  keyByHash: (sha256: string) => `keyhash_${sha256}`,
  keysOfUser: (user: string, key: string) => `keys_user_${user}_${key}`,
  keysOfUserPrefix: (user: string) => `keys_user_${user}_`,
  keyLastUsed: (key: string) => `keyused_${key}`,
  sessionEnded: (session: string) => `sessionended_${session.replaceAll('-', '')}`,

  channel: (channel: string) => `channel_${base32(channel)}`,
  channelPrefix: 'channel_',
  model: (model: string) => `model_${model}`,
  modelPrefix: 'model_',
  modelByName: (name: string) => `modelname_${base32(name)}`,

  available: (user: string) => `available_${user}`,
  held: (user: string) => `held_${user}`,
  open: (user: string) => `open_${user}`,
  spent: (key: string) => `spent_${key}`,
  /** What a key spent in a month (YYYY-MM), and in the days and weeks that begin in it: fields `m`, `d05`, `w29`. */
  spentIn: (key: string, month: string) => `spent${month.replace('-', '')}_${key}`,
  keyOpen: (key: string) => `keyopen_${key}`,
  /** What a key has started in a minute. */
  keyRate: (key: string, minute: number) => `keyrate_${key}_${timePart(minute)}`,
  hold: (request: string) => `hold_${request}`,
  holdPrefix: 'hold_',
  entry: (user: string, at: number, entry: string) => `entry_${user}_${timePart(at)}_${entry}`,
  entryPrefix: (user: string) => `entry_${user}_`,
  /** Sorts right behind every entry booked until then. */
  entriesUntil: (user: string, at: number) => `entry_${user}_${timePart(at + 1)}`,
  late: (request: string) => `late_${request}`,
  latePrefix: 'late_',
  onceCharge: (request: string) => `once_charge_${request}`,
  onceRelease: (request: string) => `once_release_${request}`,
  onceCredit: (kind: string, reference: string) => `once_credit_${kind}_${digest(reference)}`,

  request: (request: string) => `request_${request}`,
  requestRow: (list: RequestList, at: number, request: string) => `${requestListPrefix(list)}${timePart(at)}_${request}`,
  requestListPrefix,
  idempotency: (scope: string, key: string) => `idem_${digest(`${scope}\n${key}`)}`,

  stat: (dimension: StatDimension, id: string, day: string) => `${statPrefix(dimension, id)}${day.replaceAll('-', '')}`,
  statPrefix,
  statListPrefix: (dimension: StatDimension) => `stat_${dimension}_`,
  /** The same counters again, sorted by day first: who was there on a day, without reading all days of everybody. */
  statOfDay: (dimension: StatDimension, day: string, id: string) => `${statDayPrefix(dimension, day)}${dimension === 'channel' ? base32(id) : id}`,
  statDayPrefix,
  /** And by week, named by its Monday. */
  statOfWeek: (dimension: StatDimension, monday: string, id: string) => `${statWeekPrefix(dimension, monday)}${dimension === 'channel' ? base32(id) : id}`,
  statWeekPrefix,
  /** The id at the end of a {@link keys.statOfDay} or {@link keys.statOfWeek}, behind its prefix. */
  readStatId: (dimension: StatDimension, prefix: string, key: string) => {
    const id = key.slice(prefix.length)
    return dimension === 'channel' ? readBase32(id) : id
  },
  weeksFrom: 'meta_weeksfrom',
  /** What a user spent on each model, sorted by day: the parts of a stacked chart. */
  statOfUserModel: (user: string, day: string, model: string) => `${statUserModelPrefix(user)}${day.replaceAll('-', '')}_${model}`,
  statUserModelPrefix,
  readStatOfUserModel: (user: string, key: string) => {
    const [day = '', ...model] = key.slice(statUserModelPrefix(user).length).split('_')
    return { day: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`, model: model.join('_') }
  },
  /** How a model was served in a slot of five minutes, an hour or a day. */
  measure: (span: MeasureSpan, slot: string, model: string) => `${measurePrefix(span)}${slot}_${model}`,
  measurePrefix,
  measureSlot: (slot: number | string) => typeof slot === 'number' ? timePart(slot) : slot.replaceAll('-', ''),
  readMeasure: (span: MeasureSpan, key: string) => {
    const rest = key.slice(measurePrefix(span).length)
    const end = rest.indexOf('_')
    return { slot: rest.slice(0, end), model: rest.slice(end + 1) }
  },
  onceRoll: (window: number, part = 0) => part === 0 ? `once_roll_${timePart(window)}` : `once_roll_${timePart(window)}_${part}`,
  rolledTo: 'meta_rolledto',

  batch: (batch: string) => `batch_${batch}`,
  batchPrefix: 'batch_',
  batchRedeemed: (batch: string) => `batchredeemed_${batch}`,
  codeByHash: (sha256: string) => `codehash_${sha256}`,
  codeUses: (code: string) => `codeuses_${code}`,
  claim: (code: string, at: number, user: string) => `claim_${code}_${timePart(at)}_${user}`,
  claimPrefix: (code: string) => `claim_${code}_`,
  claimDue: (window: number, code: string) => `claimdue_${timePart(window)}_${code}`,
  claimDuePrefix: 'claimdue_',

  inviteByCode: (code: string) => `invite_${code}`,
  inviteCode: (user: string) => `invitecode_${user}`,
  inviteTally: (user: string) => `invitetally_${user}`,
  invited: (inviter: string, at: number, user: string) => `${invitedPrefix(inviter)}${timePart(at)}_${user}`,
  invitedPrefix,
  inviteReward: (invitee: string) => `invitereward_${invitee}`,
  inviteVoid: (order: string) => `invitevoid_${order}`,

  setting: (group: string) => `setting_${group}`,
  announcement: (id: string) => `announcement_${id}`,
  announcementPrefix: 'announcement_',

  order: (order: string) => `order_${order}`,
  ordersAll: (at: number, order: string) => `orders_all_${timePart(at)}_${order}`,
  ordersAllPrefix: 'orders_all_',
  ordersOfUser: (user: string, at: number, order: string) => `orders_user_${user}_${timePart(at)}_${order}`,
  ordersOfUserPrefix: (user: string) => `orders_user_${user}_`,
  ordersAsk: (at: number, order: string) => `orders_ask_${timePart(at)}_${order}`,
  ordersAskPrefix: 'orders_ask_',
  orderSlots: (user: string) => `orderslots_${user}`,
  orderOfTrade: (gateway: string, tradeNo: string) => `trade_${gateway}_${digest(tradeNo)}`,
  onceFirstPaid: (user: string) => `once_firstpaid_${user}`,
  notice: (order: string, id: string) => `notice_${order}_${id}`,
  noticePrefix: (order: string) => `notice_${order}_`,
  orderEvent: (at: number, id: string) => `orderevent_${timePart(at)}_${id}`,
  orderEventPrefix: 'orderevent_',
  orderTotalOfDay: (day: string) => `ordertotal_day_${day.replaceAll('-', '')}`,
  orderTotalOfState: (state: string) => `ordertotal_state_${state}`,
  ordersFoldedTo: 'meta_ordersfolded',
  alert: (id: string) => `alert_${id}`,
  alertPrefix: 'alert_',
  onceAlert: (kind: string, about: string) => `once_alert_${kind}_${digest(about)}`,

  /** How far the entries of a user have been added up. */
  audited: (user: string) => `audited_${user}`,
  auditRun: (run: string) => `auditrun_${run}`,
  auditRunPrefix: 'auditrun_',
  auditProgress: 'meta_auditing',

  audit: (at: number, id: string) => `audit_${timePart(at)}_${id}`,
  auditPrefix: 'audit_',
}

function invitedPrefix(inviter: string): string {
  return `invited_${inviter}_`
}
/** Beginnings of the lists that pages read from their end. A store that can only read forward keeps them twice. */
export const readBackwards = ['reqs_', 'entry_', 'users_all_', 'audit_', 'orders_', 'batch_', 'alert_', 'notice_', 'invited_'] as const

function requestListPrefix(list: RequestList): string {
  switch (list.list) {
    case 'all': return 'reqs_all_'
    case 'failed': return 'reqs_failed_'
    case 'channel': return `reqs_channel_${base32(list.id)}_`
    default: return `reqs_${list.list}_${list.id}_`
  }
}

function statPrefix(dimension: StatDimension, id: string): string {
  return `stat_${dimension}_${dimension === 'channel' ? base32(id) : id}_`
}

function statUserModelPrefix(user: string): string {
  return `statum_${user}_`
}

function measurePrefix(span: MeasureSpan): string {
  return `measure_${span}_`
}

function statDayPrefix(dimension: StatDimension, day: string): string {
  return `statday_${dimension}_${day.replaceAll('-', '')}_`
}

function statWeekPrefix(dimension: StatDimension, monday: string): string {
  return `statweek_${dimension}_${monday.replaceAll('-', '')}_`
}
