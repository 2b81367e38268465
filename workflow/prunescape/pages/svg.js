"use strict";
/* Parts of drawings, and numbers in few letters. */
function svgElement(name, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

/* A short number: 0.0398, 3.16e-5; whole ones are whole. */
function short(value) {
  if (Number.isInteger(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) < 0.001 && rounded !== 0 ? rounded.toExponential() : String(rounded);
}
