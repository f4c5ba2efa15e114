/** What must not stand in the code, where, and what to write instead. One line of the table is one ban. */
import ts from 'typescript'
import type { Finding, Source } from './sources'
import { lineOf, visit } from './sources'

interface Ban {
  wrong: string
  cure: string
  /** Paths the ban holds for. */
  where: RegExp
  except?: RegExp
  is: (node: ts.Node) => boolean
}

const server = /^server\//
const billing = /^server\/billing\/|^shared\/utils\/money\.ts$/
const handlers = /^server\/(?:routes|api|utils|middleware|plugins)\//
const product = /^(?:server|shared|pages|components|composables|stores|plugins|middleware|utils)\/|^(?:app|error)\.vue$/

const bans: Ban[] = [
  { wrong: 'any', cure: 'say the type, or `unknown` and narrow it', where: /./, is: node => node.kind === ts.SyntaxKind.AnyKeyword },
  { wrong: 'process.env', cure: 'add the variable to server/config/env.ts and read useConfig()', where: product, except: /^server\/(?:config\/|plugins\/boot\.ts$)/, is: node => isMember(node, 'process', ['env']) },
  { wrong: 'a global parseFloat', cure: 'parse money with shared/utils/money.ts', where: billing, is: node => isCallOf(node, ['parseFloat']) || isMember(node, 'Number', ['parseFloat']) },
  { wrong: 'float formatting', cure: 'format money with formatNano of shared/utils/money.ts', where: billing, is: node => ts.isPropertyAccessExpression(node) && ['toFixed', 'toPrecision', 'toExponential'].includes(node.name.text) },
  { wrong: 'a fraction', cure: 'money is integers: use nano-credits, basis points, or a price per million', where: billing, is: node => ts.isNumericLiteral(node) && !Number.isInteger(Number(node.text.replaceAll('_', ''))) },
  { wrong: 'rounding', cure: 'an amount that needs rounding was a float before: calculate in BigInt and divide once', where: billing, is: node => isMember(node, 'Math', ['round', 'fround', 'pow', 'sqrt', 'log']) },
  { wrong: 'Number() on money', cure: 'text becomes nano-credits by parseSafeNano; BigInt goes through Number() only in the expression that calculated it', where: /^server\/billing\//, is: isNumberOfMoney },
  { wrong: 'money multiplied or divided as a number', cure: 'put BigInt() around both sides: the product of two safe integers is not safe', where: billing, is: isFloatArithmeticOnMoney },
  { wrong: 'useStorage', cure: 'money calls the store of server/storage/store.ts: unstorage has no conditional write', where: /^server\/(?:billing|users|catalog|gateway)\//, is: node => ts.isIdentifier(node) && node.text === 'useStorage' },
  { wrong: 'Math.random', cure: 'use randomInt or randomBytes of node:crypto: what is guessable in a shop gets guessed', where: server, is: node => isMember(node, 'Math', ['random']) },
  { wrong: 'console', cure: 'log through the logger, which knows the request id and keeps secrets out', where: product, except: /^server\/(?:log|logger)(?:\.ts|\/)|\/(?:log|logger)\.ts$/, is: node => isMember(node, 'console', ['log', 'info', 'warn', 'error', 'debug', 'trace']) },
  { wrong: 'a word of h3 2', cure: 'Nitro 2 runs on h3 1: defineEventHandler, createError, getHeader(event, …), event.node.req', where: handlers, is: isNewerH3 },
]

export function checkBans(source: Source): Finding[] {
  const active = bans.filter(ban => ban.where.test(source.path) && !ban.except?.test(source.path))
  const found: Finding[] = []
  visit(source.ast, (node) => {
    for (const { is, wrong, cure } of active) {
      if (is(node)) found.push({ path: source.path, line: lineOf(source, node), wrong, cure })
    }
  })
  return found
}

/** `object.name` or `object['name']`, `object` being a plain global. */
function isMember(node: ts.Node, object: string, names: string[]): boolean {
  if (ts.isPropertyAccessExpression(node)) return isNamed(node.expression, object) && names.includes(node.name.text)
  if (!ts.isElementAccessExpression(node) || !ts.isStringLiteralLike(node.argumentExpression)) return false
  return isNamed(node.expression, object) && names.includes(node.argumentExpression.text)
}

const isNamed = (node: ts.Node, name: string): boolean => ts.isIdentifier(node) && node.text === name
const isCallOf = (node: ts.Node, names: string[]): boolean => ts.isCallExpression(node) && ts.isIdentifier(node.expression) && names.includes(node.expression.text)

const moneyName = /(?:^|_)(?:amount|price|cost|money|credits?|available|held|balance|nano|cents|fee|yuan)$|(?:Amount|Price|Cost|Money|Credits?|Available|Held|Balance|Nano|Cents|Fee|Yuan)$/
const bigIntMark = /\bBigInt\(|\b\d[\d_]*n\b/

/** The last name of `order.amount` or `amount`; what a thing is called is all that can be known without types. */
function lastName(node: ts.Node): string {
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node)) return lastName(node.expression)
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return lastName(node.left)
  if (ts.isPropertyAccessExpression(node)) return node.name.text
  return ts.isIdentifier(node) ? node.text : ''
}

function isNumberOfMoney(node: ts.Node): boolean {
  if (!isCallOf(node, ['Number', 'parseInt'])) return false
  const [argument] = (node as ts.CallExpression).arguments
  return argument !== undefined && moneyName.test(lastName(argument)) && !bigIntMark.test(argument.getText())
}

const multiplying = new Set([ts.SyntaxKind.AsteriskToken, ts.SyntaxKind.SlashToken, ts.SyntaxKind.AsteriskAsteriskToken, ts.SyntaxKind.AsteriskEqualsToken, ts.SyntaxKind.SlashEqualsToken])

function isFloatArithmeticOnMoney(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node) || !multiplying.has(node.operatorToken.kind)) return false
  return [node.left, node.right].some(side => moneyName.test(lastName(side))) && !bigIntMark.test(node.getText())
}

function isNewerH3(node: ts.Node): boolean {
  if (ts.isIdentifier(node)) return ['defineHandler', 'HTTPError', 'defineMiddleware', 'toResponse'].includes(node.text)
  return isMember(node, 'event', ['req', 'res', 'url', 'runtime'])
}
