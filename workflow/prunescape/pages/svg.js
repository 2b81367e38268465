"use strict";
/* Parts of drawings, and numbers in few letters. */
function svgElement(name, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

/* A short number, as figures have it: 0.0398, 3.16×10⁻⁵; whole ones are whole. */
function short(value) {
  if (Number.isInteger(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(rounded) >= 0.0001 || rounded === 0) return String(rounded);
  const [mantissa, power] = rounded.toExponential().split("e");
  const raised = [...power].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");
  return (mantissa === "1" ? "" : `${mantissa}×`) + `10${raised}`;
}
