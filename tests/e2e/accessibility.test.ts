/** Every page, by everybody: axe on light and dark, wide and narrow, with what opens on it open. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFaults } from '../support/axe'
import { fitsWidth, forgive, launchBrowser, missingTexts, openPage, readers, said, visit } from '../support/browser'
import type { Reader } from '../support/browser'
import { LONG_NAME, startFurnished } from '../support/furnished'
import type { Furnished } from '../support/furnished'
import { listPages, readerOf } from '../support/pages'
import type { Vapor } from '../support/server'

type Words = Reader['words']
interface Stage { page: Page, words: Words, phone: boolean, shop: Furnished }
/** Opens one thing on a page that is as it was loaded; Escape closes it again. */
type Opening = (stage: Stage) => Promise<void>

const dialog = (page: Page) => page.getByRole('dialog').waitFor()
const pressed = (name: (words: Words) => string): Opening => async ({ page, words }) => {
  await page.getByRole('button', { name: new RegExp(`^${RegExp.escape(name(words))}(?: |$)`) }).first().click()
}
const inDialog = (name: (words: Words) => string): Opening => async (stage) => {
  await pressed(name)(stage)
  await dialog(stage.page)
}

const openRequest: Opening = async ({ page, phone }) => {
  const rows = page.getByRole(phone ? 'listitem' : 'row').filter({ hasText: 'sandbox-reasoning', has: page.getByRole('button') })
  await rows.first().getByRole('button').click()
  await dialog(page)
}

/** What opens on a page. The console's frame is the same on every page of it, so its parts are opened on the first. */
const openings: Record<string, Record<string, Opening>> = {
  '/console': {
    'the palette': async ({ page, words }) => {
      await page.keyboard.press('ControlOrMeta+k')
      await page.getByPlaceholder(words.palette.placeholder).waitFor()
    },
    'the shortcuts': async ({ page }) => {
      await page.locator('main').press('?')
      await dialog(page)
    },
    'the menus at the side': async ({ page, words, phone }) => {
      if (phone) await page.getByRole('banner').getByRole('button').first().click()
      await page.getByRole('button', { name: new RegExp(`^${words.session.menuOf.split('{')[0]}`) }).click()
      await page.getByRole('menu').waitFor()
    },
    'a request': openRequest,
  },
  '/console/keys': {
    'the form with all limits': async (stage) => {
      await inDialog(words => words.keys.create)(stage)
      await stage.page.getByRole('button', { name: stage.words.keys.advanced }).click()
      await stage.page.getByLabel(stage.words.keys.ips).waitFor()
    },
    'the menu of a key': async ({ page, words }) => {
      await page.getByRole('button', { name: said(words.keys.menuOf, { name: 'limited' }) }).click()
      await page.getByRole('menu').waitFor()
    },
  },
  '/console/requests': {
    'a request with its receipt': async (stage) => {
      await openRequest(stage)
      await pressed(words => words.requests.receiptShow)(stage)
      await stage.page.getByTestId('receipt-formula').waitFor()
    },
    'a filter': async ({ page, words }) => {
      await page.getByRole('combobox', { name: words.requests.filterOutcome }).click()
      await page.getByRole('listbox').waitFor()
    },
    'a filter one can type in': async ({ page, words }) => {
      await page.getByRole('button', { name: words.requests.filterModel }).click()
      await page.getByRole('option', { name: LONG_NAME }).waitFor()
    },
  },
  '/console/wallet': { 'the form for codes': inDialog(words => words.redeem.open) },
  '/console/playground': {
    'an answer': async ({ page, words }) => {
      await visit(page, `${vapor.url}/console/playground?model=sandbox-reasoning`)
      const question = page.getByRole('textbox', { name: words.playground.question })
      await question.fill('What should I drink this morning?')
      await question.press('Enter')
      await page.getByTestId('answer-cost').first().waitFor()
    },
    'the parameters of a phone': async (stage) => {
      if (stage.phone) await inDialog(words => words.playground.settings)(stage)
    },
  },
  '/admin': { },
  '/admin/channels': {
    'the form': inDialog(words => words.channels.create),
    'the test': inDialog(words => said(words.channels.testOf, { name: 'Sandbox' })),
    'the models of the upstream': async (stage) => {
      await inDialog(words => said(words.channels.offerOf, { name: 'Sandbox' }))(stage)
      await stage.page.getByRole('checkbox', { name: 'sandbox-echo', exact: true }).waitFor()
    },
    'the credentials': inDialog(words => said(words.channels.credentialsOf, { name: 'Broken' })),
    'what is ticked': async ({ page, words }) => {
      await page.getByRole('checkbox', { name: said(words.common.selectOne, { name: 'Broken' }) }).click()
      await page.getByRole('region', { name: said(words.common.selected, { n: 1 }) }).waitFor()
    },
  },
  '/admin/models': {
    'the form of a model with a tier': inDialog(words => said(words.models.editOf, { name: LONG_NAME })),
    'the catalogue of prices': async ({ page, words }) => {
      await page.getByRole('checkbox', { name: said(words.common.selectOne, { name: 'unpriced' }) }).click()
      await page.getByRole('button', { name: words.pricing.open }).click()
      await dialog(page)
    },
  },
  '/admin/users': {
    'a user': inDialog(words => said(words.users.openOf, { name: 'user' })),
    'the keys of a user': async (stage) => {
      await inDialog(words => said(words.users.openOf, { name: 'user' }))(stage)
      await stage.page.getByRole('tab', { name: stage.words.users.tabs.keys }).click()
      await stage.page.getByRole('switch').first().waitFor()
    },
    'the entries of a user': async (stage) => {
      await inDialog(words => said(words.users.openOf, { name: 'user' }))(stage)
      await stage.page.getByRole('tab', { name: stage.words.users.tabs.entries }).click()
      await stage.page.getByText('A broken cup').waitFor()
    },
  },
  '/admin/requests': { 'a request': openRequest },
  '/admin/orders': {
    'an order': async (stage) => {
      await inDialog(words => said(words.orders.openOf, { id: stage.shop.order }))(stage)
      await stage.page.getByRole('heading', { name: stage.words.orders.timeline }).waitFor()
    },
    'the question before a refund': async (stage) => {
      await inDialog(words => said(words.orders.openOf, { id: stage.shop.order }))(stage)
      await pressed(words => words.orders.refund)(stage)
      await stage.page.getByLabel(stage.words.orders.reason).waitFor()
    },
  },
  '/admin/payments': {
    'the self-test': async ({ page, words }) => {
      await page.getByRole('button', { name: words.payments.test }).click()
      await page.getByTestId('self-test').waitFor()
    },
  },
  '/admin/codes': { 'the form': inDialog(words => words.codes.create) },
  '/admin/announcements': {
    'the form': inDialog(words => words.announcements.create),
    'the question before deleting': async ({ page, words }) => {
      await page.getByRole('button', { name: new RegExp(words.announcements.deleteOf.split('{')[0]!) }).first().click()
      await dialog(page)
    },
  },
  '/admin/audit': {
    'a filter': async ({ page, words }) => {
      await page.getByRole('combobox', { name: words.audit.filterAction }).click()
      await page.getByRole('listbox').waitFor()
    },
  },
}

let vapor: Vapor
let browser: Browser
let shop: Furnished
const complaints: string[] = []
const pages = listPages()

beforeAll(async () => {
  browser = await launchBrowser();
  ({ vapor, shop } = await startFurnished())
  await shop.admin.send('POST', '/api/admin/books/check')
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

it('knows what opens on pages that exist', () => {
  expect(Object.keys(openings).filter(path => !pages.includes(path))).toEqual([])
  expect(pages.length).toBeGreaterThan(20)
})

/** Faults of the page as it is, in both colour schemes. */
async function look(page: Page, first: 'light' | 'dark'): Promise<string[]> {
  const found: string[] = []
  for (const scheme of first === 'light' ? ['light', 'dark'] as const : ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await page.locator(`html.${scheme}`).waitFor({ state: 'attached' })
    for (const { rule, impact, where } of await findFaults(page, scheme === first ? 'everything' : 'colours')) found.push(`${impact} ${rule}, ${scheme}: ${where.join(' ‖ ')}`)
  }
  return found
}

/** Neighbours in the list are looked at in different languages; the `other` one of a page is what its neighbours have. */
const readerFor = (path: string, phone: boolean, other: boolean): Reader =>
  readers.find(reader => reader.phone === phone && (reader.lang === 'en') === ((pages.indexOf(path) % 2 === 0) === (phone === other)))!

describe.each([['a desk', false], ['a phone', true]] as const)('at %s', (_, phone) => {
  const stages = new Map<string, Stage>()
  /** One window for each sort of visitor and language. */
  async function stageFor(path: string, { locale, words }: Reader): Promise<Stage> {
    const who = readerOf(path)
    const name = `${who} ${locale}`
    const cookies = who === 'nobody' ? {} : { cookies: shop[who].cookies() }
    const stage = stages.get(name) ?? { page: await openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale, phone, ...cookies }), words, phone, shop }
    stages.set(name, stage)
    return stage
  }
  afterAll(async () => {
    for (const { page } of stages.values()) await page.context().close()
  })

  /** In the language it was asked for, with every text, and no wider than the screen. */
  async function openWhole(path: string, page: Page, lang: Reader['lang']): Promise<void> {
    expect(await visit(page, vapor.url + path)).toBe(200)
    expect([await page.getAttribute('html', 'lang'), await fitsWidth(page), await missingTexts(page)]).toEqual([lang, true, []])
    expect(await page.title()).toMatch(/^(?:.+ · )?Vapor$/)
  }

  it.each(pages)('%s is for everybody', async (path) => {
    const reader = readerFor(path, phone, false)
    const stage = await stageFor(path, reader)
    const { page } = stage
    const first = (pages.indexOf(path) % 4 < 2) === phone ? 'dark' : 'light'
    await page.emulateMedia({ colorScheme: first, reducedMotion: 'reduce' })
    await openWhole(path, page, reader.lang)
    const found: Record<string, string[]> = { 'the page': await look(page, first) }
    for (const [name, open] of Object.entries(openings[path] ?? {})) {
      if (Object.keys(found).length > 1) await visit(page, vapor.url + path)
      await open(stage)
      found[name] = await look(page, first)
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0))).toEqual({})
  })

  it('an address nobody knows is for everybody', async () => {
    const { page } = await stageFor('/', readerFor('/', phone, false))
    expect(await visit(page, `${vapor.url}/nobody-knows-this`)).toBe(404)
    expect(await look(page, 'light')).toEqual([])
    forgive(complaints, 404)
  })

  it.each(pages)('%s is whole in the other language', async (path) => {
    const reader = readerFor(path, phone, true)
    const { page } = await stageFor(path, reader)
    await openWhole(path, page, reader.lang)
  })
})

it('never made the browser complain, nor call anybody else', () => {
  expect(complaints).toEqual([])
})
