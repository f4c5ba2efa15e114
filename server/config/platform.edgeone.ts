export { edgeonePlatform as platform } from './platforms'
