import { start } from "/auth/sqrl.js";

const root = document.querySelector("#sign-in");
const [link, picture, status] = ["a", "img", "p"].map((name) => root.querySelector(name));

root.addEventListener("sqrl:url", ({ detail }) => {
  link.href = detail.url;
  picture.src = detail.qr;
});
root.addEventListener("sqrl:state", ({ detail }) => {
  status.textContent = detail.state;
});
root.addEventListener("sqrl:signed-in", async (event) => {
  event.preventDefault(); // This page stays open.
  const reply = await fetch(event.detail.url);
  status.textContent = await reply.text();
});
start(root);
