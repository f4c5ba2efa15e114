import type { DoctorReply, RefusalReply } from '#shared/schemas/doctor'
import type { RequestReply } from '#shared/schemas/request'
import { api } from '#shared/schemas/api'

/** What a call says about how a tool is set up: words of `doctor.findings`, filled by `params`. */
export interface Finding {
  id: string
  at: string
  tool: string
  what: 'worked' | 'failed' | 'noKey' | 'placeholderKey' | 'cutKey' | 'vendorKey' | 'foreignKey' | 'unknownKey' | 'wrongModel' | 'wrongPath' | 'wrongMethod' | 'code'
  params: Record<string, string>
  /** Code of the error, for what has words of its own. */
  code: string | null
  codeParams: Record<string, unknown>
  key: string | null
  path: string
}

const EVERY_MS = 2000

/** Waits for the first call and says what each one means. */
export function useDoctor(models: Ref<string[]>) {
  const since = ref('')
  const reply = shallowRef<DoctorReply>()
  const watching = ref(true)
  const findings = computed(() => reply.value ? findingsOf(reply.value, models.value) : [])
  const worked = computed(() => findings.value.some(finding => finding.what === 'worked'))
  const enabled = computed(() => watching.value && !worked.value)

  async function look() {
    if (since.value === '') since.value = (await callApi(api.doctor, { query: { since: new Date().toISOString() } })).now
    reply.value = await callApi(api.doctor, { query: { since: since.value } })
  }

  function restart() {
    since.value = reply.value?.now ?? ''
    reply.value = undefined
    watching.value = true
  }

  usePolling(look, EVERY_MS, enabled)
  onMounted(() => void look().catch(() => {}))
  return { findings, worked, open: computed(() => (reply.value?.open ?? 0) > 0), watching, restart }
}

/** Newest first, one for each call. */
export function findingsOf({ requests, refusals }: Pick<DoctorReply, 'requests' | 'refusals'>, models: string[]): Finding[] {
  return [...requests.map(findingOfRequest), ...refusals.map(refusal => findingOfRefusal(refusal, models))].sort((a, b) => a.at < b.at ? 1 : -1)
}

function findingOfRequest(request: RequestReply): Finding {
  const worked = request.error === null && request.endReason !== 'interrupted'
  return { id: request.id, at: request.startedAt, tool: '', what: worked ? 'worked' : 'failed', params: { model: request.model, cost: request.cost }, code: request.error, codeParams: {}, key: request.key.name, path: request.dialect }
}

function findingOfRefusal(refusal: RefusalReply, models: string[]): Finding {
  const { id, at, path, code } = refusal
  return { id, at, tool: toolOf(refusal.agent), ...meaningOf(refusal, models), code, codeParams: refusal.params, key: refusal.key?.name ?? null, path: `${refusal.method} ${path}` }
}

const vendors: Partial<Record<RefusalReply['sent'], string>> = { anthropic: 'Anthropic', openrouter: 'OpenRouter', google: 'Google' }

function meaningOf({ code, sent, path, method, params, key }: RefusalReply, models: string[]): Pick<Finding, 'what' | 'params'> {
  if (key === null && code !== 'not_found' && code !== 'method_not_allowed') {
    if (sent === 'none') return { what: 'noKey', params: {} }
    if (sent === 'placeholder') return { what: 'placeholderKey', params: {} }
    if (sent === 'cut') return { what: 'cutKey', params: {} }
    const vendor = vendors[sent]
    if (vendor) return { what: 'vendorKey', params: { vendor } }
    if (sent !== 'ours') return { what: 'foreignKey', params: {} }
    return { what: 'unknownKey', params: {} }
  }
  if (code === 'model_not_found') {
    const wanted = String(params['model'] ?? '')
    return { what: 'wrongModel', params: { model: wanted, near: nearest(wanted, models).join(', ') } }
  }
  if (code === 'not_found') return { what: 'wrongPath', params: { path } }
  if (code === 'method_not_allowed') return { what: 'wrongMethod', params: { method, path } }
  return { what: 'code', params: {} }
}

const agents: [RegExp, string][] = [
  [/claude-cli|claude-code/i, 'Claude Code'], [/codex/i, 'Codex'], [/gemini-?cli/i, 'Gemini CLI'], [/opencode/i, 'OpenCode'],
  [/cherry ?studio/i, 'Cherry Studio'], [/cursor/i, 'Cursor'], [/cline/i, 'Cline'], [/open ?webui/i, 'Open WebUI'],
  [/^curl/i, 'curl'], [/powershell/i, 'PowerShell'], [/^openai/i, 'OpenAI SDK'], [/^anthropic/i, 'Anthropic SDK'],
  [/google-genai/i, 'Google SDK'], [/^python|aiohttp|httpx/i, 'Python'], [/^node|undici|axios/i, 'Node.js'], [/mozilla/i, 'Browser'],
]

/** The tool behind a `User-Agent`, or the first word of it. */
export function toolOf(agent: string): string {
  return agents.find(([pattern]) => pattern.test(agent))?.[1] ?? agent.split(/[/\s]/)[0]?.slice(0, 40) ?? ''
}

const NEAR_MAX = 3

/** The models on sale whose names are most like what was asked for, by the pairs of letters they share. */
export function nearest(wanted: string, models: string[]): string[] {
  const asked = pairsOf(wanted)
  const likeness = (name: string) => {
    const pairs = pairsOf(name)
    const shared = [...pairs].filter(pair => asked.has(pair)).length
    return 2 * shared / Math.max(pairs.size + asked.size, 1)
  }
  return models.map(name => ({ name, like: likeness(name) })).filter(({ like }) => like > 0.2).sort((a, b) => b.like - a.like).slice(0, NEAR_MAX).map(({ name }) => name)
}

function pairsOf(text: string): Set<string> {
  const plain = text.toLowerCase().replace(/[^a-z0-9]+/g, '')
  return new Set(Array.from({ length: Math.max(plain.length - 1, 0) }, (_, index) => plain.slice(index, index + 2)))
}
