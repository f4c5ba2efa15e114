/** The name of a menu with what is chosen in it: whoever speaks to a page says what he reads there. */
export function named(menu: string, choices: { label: string, value: string }[], value: string): string {
  return `${menu}: ${choices.find(choice => choice.value === value)?.label ?? value}`
}
