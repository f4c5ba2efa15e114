import { z } from 'zod'
import { isoTime, listOf, recordId } from './common'

/** How loud an announcement is. */
export const announcementLevels = ['info', 'success', 'warning', 'error'] as const
export type AnnouncementLevel = typeof announcementLevels[number]

/** Plain text in the two languages of the site; one that is empty is shown in the other. */
const words = (max: number) => z.strictObject({ zh: z.string().trim().max(max).default(''), en: z.string().trim().max(max).default('') })
const title = words(120).refine(text => text.zh !== '' || text.en !== '', { path: ['zh'], message: 'write a title in one language at least' })

const announcementFields = z.strictObject({
  level: z.enum(announcementLevels).default('info'),
  title,
  text: words(1000).prefault({}),
  enabled: z.boolean().default(true),
  /** Shown from then, until then; null is always. */
  from: isoTime.nullable().default(null),
  to: isoTime.nullable().default(null),
})
const inOrder = ({ from, to }: { from: string | null, to: string | null }) => from === null || to === null || from < to
const order = { path: ['to'], message: 'must be later than the beginning' }

export const announcementCreate = announcementFields.refine(inOrder, order)
export type AnnouncementCreate = z.input<typeof announcementCreate>
export const announcementPut = announcementFields.extend({ version: z.string() }).refine(inOrder, order)

export const announcementReply = z.object({
  ...announcementFields.shape,
  id: recordId,
  /** Whether it is shown now. */
  state: z.enum(['shown', 'scheduled', 'over', 'off']),
  version: z.string(),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type AnnouncementReply = z.output<typeof announcementReply>
export const announcementList = listOf(announcementReply)

/** What every page needs to know of the shop. */
export const siteInfo = z.object({
  name: z.string(),
  notice: z.object({ zh: z.string(), en: z.string() }),
  announcements: z.array(z.object({ id: recordId, level: z.enum(announcementLevels), title: words(120), text: words(1000) })),
})
export type SiteInfo = z.output<typeof siteInfo>
