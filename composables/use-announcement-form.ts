import type { AnnouncementCreate, AnnouncementLevel, AnnouncementReply } from '#shared/schemas/announcement'

/** An announcement as it is typed: times in the form of the browser's own field, in its own zone. */
export interface AnnouncementForm {
  level: AnnouncementLevel
  title: { zh: string, en: string }
  text: { zh: string, en: string }
  enabled: boolean
  from: string
  to: string
}

export function emptyAnnouncementForm(): AnnouncementForm {
  return { level: 'info', title: { zh: '', en: '' }, text: { zh: '', en: '' }, enabled: true, from: '', to: '' }
}

export function announcementFormOf({ level, title, text, enabled, from, to }: AnnouncementReply): AnnouncementForm {
  return { level, title: { ...title }, text: { ...text }, enabled, from: toLocalTime(from), to: toLocalTime(to) }
}

export function announcementOf({ from, to, ...rest }: AnnouncementForm): AnnouncementCreate {
  return { ...rest, from: fromLocalTime(from), to: fromLocalTime(to) }
}

/** `2026-05-12T08:30`, which is what a field for a local time wants. */
function toLocalTime(iso: string | null): string {
  if (iso === null) return ''
  const at = new Date(iso)
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

function fromLocalTime(text: string): string | null {
  const at = new Date(text)
  return text === '' || Number.isNaN(at.getTime()) ? null : at.toISOString()
}
