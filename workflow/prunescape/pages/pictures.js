"use strict";
/* Pictures of class "enlarges": a click, or Enter, opens them in their full size; Escape or the button closes them. */
(() => {
  const large = document.createElement("dialog");
  large.className = "large";
  large.innerHTML = '<form method="dialog"><button>Close</button></form>';
  document.body.append(large);
  for (const image of document.querySelectorAll("img.enlarges")) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "enlarge", title: "open in full size" });
    image.replaceWith(button);
    button.append(image);
    button.onclick = () => {
      const whole = image.cloneNode();
      Object.assign(whole, { width: image.naturalWidth, height: image.naturalHeight });
      large.replaceChildren(large.firstChild, whole);
      large.setAttribute("aria-label", image.alt);
      large.showModal();
    };
  }
})();
