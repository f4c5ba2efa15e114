/** The ground this build is made for; the preset of EdgeOne puts `platform.edgeone.ts` in place of this file. */
export { nodePlatform as platform } from './platforms'
