/** A button or link clicked with the mouse or a finger lets the focus go, so that the next key decides and presses nothing again. */
export function letGo(event: MouseEvent): void {
  const on = document.activeElement
  if (event.detail > 0 && on instanceof HTMLElement && ['BUTTON', 'A'].includes(on.tagName) && !on.closest('dialog')) on.blur()
}
