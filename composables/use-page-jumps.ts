/** Two keys after one another lead to a page. The label is a word of `nav`. */
export interface PageJump { keys: [string, string], to: string, label: string, icon: string, admin: boolean }

const jump = (second: string, to: string, label: string, icon: string, admin: boolean): PageJump => ({ keys: ['g', second], to, label, icon, admin })

export const pageJumps: PageJump[] = [
  jump('o', '/console', 'overview', 'i-lucide-layout-dashboard', false),
  jump('k', '/console/keys', 'keys', 'i-lucide-key-round', false),
  jump('r', '/console/requests', 'requests', 'i-lucide-list', false),
  jump('w', '/console/wallet', 'wallet', 'i-lucide-wallet', false),
  jump('p', '/console/playground', 'playground', 'i-lucide-message-circle', false),
  jump('c', '/console/connect', 'connect', 'i-lucide-plug', false),
  jump('m', '/models', 'models', 'i-lucide-tags', false),
  jump('a', '/admin', 'admin', 'i-lucide-shield', true),
]
