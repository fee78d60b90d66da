/** The commands of the panel, the portfolio and the instructor's Lab. */
export const COMMANDS = {
  showLessons: 'hornbook:show-lessons',
  nextLesson: 'hornbook:next-lesson',
  openPortfolio: 'hornbook:open-portfolio',
  preview: 'hornbook:preview-as-learner',
  doctor: 'hornbook:doctor',
  newCheck: 'hornbook:new-check'
};

/** What a command says of its arguments when it has none. */
export const noArguments = { args: { type: 'object', properties: {} } };
