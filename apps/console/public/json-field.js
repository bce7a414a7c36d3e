/** What a field's JSON holds; null where it is none, which is then said at the field. */
export const parsedJson = (text, at) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = at.querySelector('.problem');
    problem.hidden = false;
    problem.textContent = `This is not JSON: ${error.message}.`;
    at.querySelector('textarea').focus();
    return null;
  }
};
