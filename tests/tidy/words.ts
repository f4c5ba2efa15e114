/** What no file of the repository says, code or prose. */
import type { Finding } from './sources'

interface Word {
  pattern: RegExp
  wrong: string
  cure: string
  except?: RegExp
}

// Some letters stand in brackets so that this table does not find itself.
const words: Word[] = [
  { pattern: /\bregistr[y]\.[\w-]+\.(?:org|com|cn|io|dev)\b|npmmirro[r]|\bpyp[i]\.org\b|goprox[y]\b/i, wrong: 'the host of a package registry', cure: 'everybody has their own: leave it to their configuration', except: /^package-lock\.json$/ },
  { pattern: /(?:^|[\s"'`(=:])\/(?:home|root|Users|wor[k]|workspaces?)\/[\w.]/, wrong: 'a path of one machine', cure: 'say it from the root of the repository' },
  { pattern: /\.librar[y]\//, wrong: 'a path outside the repository', cure: 'say it from the root of the repository' },
  { pattern: /\bCLAUD[E]\b|\bAGENT[S]\.md\b|\b[Ss]ub-?agen[t]s?\b/, wrong: 'a word about how the code was written', cure: 'the repository speaks of the product alone' },
]

export function checkWords(path: string, text: string): Finding[] {
  const active = words.filter(word => !word.except?.test(path) && word.pattern.test(text))
  if (active.length === 0) return []
  return text.split('\n').flatMap((line, index) => active
    .filter(word => word.pattern.test(line))
    .map(({ wrong, cure }) => ({ path, line: index + 1, wrong, cure })))
}
