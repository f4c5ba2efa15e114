/**
 * The sidebar of the component library slides in on a phone in one of three ways, and brings all three along. Ours is a
 * slideover; the modal and the drawer, which has a library of gestures of its own, stay at home.
 */
interface ResolveContext { error(message: string): never }

const SIDEBAR = /\/@nuxt\/ui\/dist\/runtime\/components\/DashboardSidebar\.vue$/
const LEFT_OUT = ['./Modal.vue', './Drawer.vue']
const NOTHING = '\0left-out-of-sidebar.js'

/** For vite, in the build of the browser alone; while developing all three are there. */
export function lightUi() {
  const left = new Set<string>()
  return {
    name: 'light-ui',
    apply: 'build' as const,
    enforce: 'pre' as const,
    resolveId(request: string, importer: string | undefined) {
      if (!LEFT_OUT.includes(request) || !SIDEBAR.test(importer?.replace(/\?.*$/, '') ?? '')) return null
      left.add(request)
      return NOTHING
    },
    load: (id: string) => id === NOTHING ? 'export default { setup() { throw new Error(\'build/light-ui.ts leaves the other ways of the sidebar out\') } }' : null,
    buildEnd(this: ResolveContext) {
      if (left.size < LEFT_OUT.length) this.error('light-ui: the sidebar of the component library is made of other parts now')
    },
  }
}
