// On a narrow page the theme opens its drawers by the labels of hidden boxes: a finger reaches them, a keyboard does not. Buttons do both.
for (const label of document.querySelectorAll("label.nav-overlay-icon, label.toc-overlay-icon")) {
  const box = document.getElementById(label.htmlFor);
  const button = document.createElement("button");
  button.type = "button";
  button.className = label.className;
  button.setAttribute("aria-label", box.getAttribute("aria-label"));
  button.append(...label.childNodes);
  label.replaceWith(button);
  const tell = () => button.setAttribute("aria-expanded", String(box.checked));
  box.addEventListener("change", tell);
  button.addEventListener("click", () => box.click());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.checked) box.click();
  });
  tell();
}
