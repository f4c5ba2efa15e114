export { createServices } from '#server/runtime'
