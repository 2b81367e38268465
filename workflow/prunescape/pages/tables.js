"use strict";
/* Tables of class "sortable": a click on a column's head sorts by it, another one the other way round. */
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.onclick = () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const text = (row) => row.cells[column].textContent;
      const compare = (a, b) => {
        const [x, y] = [Number(text(a)), Number(text(b))];
        return Number.isNaN(x) || Number.isNaN(y) ? text(a).localeCompare(text(b)) : x - y;
      };
      const [filled, empty] = [[], []];
      for (const row of table.tBodies[0].rows) (text(row) ? filled : empty).push(row); // what is empty stays last
      filled.sort((a, b) => (falling ? -compare(a, b) : compare(a, b)));
      table.tBodies[0].append(...filled, ...empty);
    };
  });
}
