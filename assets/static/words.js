// Streamlit's own English leftovers, in Chinese. Our texts are translated on the server; nothing of them is touched.
// The page's title says which language its reader has chosen: it ends with the product's name in that language.
(() => {
  const WORDS = {
    "Accounting": "会计格式",
    "Add an option": "添加选项",
    "Add files": "添加文件",
    "Add options": "添加选项",
    "Add row": "添加一行",
    "An error has occurred, please try again.": "出错了，请重试。",
    "App pages": "页面",
    "Automatic": "自动",
    "Autosize": "自动列宽",
    "Average": "平均值",
    "Button action menu": "操作菜单",
    "Calendar": "日历",
    "Cancel": "取消",
    "Choose an option": "请选择",
    "Choose date": "选择日期",
    "Choose date and time": "选择日期时间",
    "Choose date range": "选择日期范围",
    "Choose options": "请选择",
    "Choose or add an option": "选择或添加",
    "Choose or add options": "选择或添加",
    "Clear": "清除",
    "Clear all": "全部清除",
    "Clear caches": "清除缓存",
    "Clear date": "清除日期",
    "Clear date and time": "清除",
    "Clear dates": "清除日期",
    "Clear photo": "重拍",
    "Clear selection": "清除选择",
    "Clear time": "清除时间",
    "Clear value": "清除",
    "Close": "关闭",
    "Close fullscreen": "退出全屏",
    "Close Search": "关闭查找",
    "Collapse sidebar": "收起菜单",
    "Compact": "紧凑",
    "Connecting": "正在连接",
    "Connecting to Streamlit server": "正在连接服务器",
    "Connection error": "连接已断开",
    "Connection lost. Please wait for the app to reconnect, then try again.": "连接已断开，恢复后请重试。",
    "Copied": "已复制",
    "Copied!": "已复制",
    "Copy": "复制",
    "Copy column name": "复制列名",
    "Copy to clipboard": "复制",
    "Count": "计数",
    "Dark": "深色",
    "Dataframe column menu": "列菜单",
    "Date range": "日期范围",
    "Decrement": "减少",
    "Delete row(s)": "删除所选行",
    "Deploy": "部署",
    "Distance": "相对时间",
    "Distinct": "不同值",
    "Download": "下载",
    "Download as CSV": "下载 CSV",
    "Download as PNG": "下载图片",
    "Drag and drop a file here": "将文件拖到此处",
    "Drag and drop directories here": "将文件夹拖到此处",
    "Drag and drop files here": "将文件拖到此处",
    "Duration": "时长",
    "Edit": "编辑",
    "Empty": "空值",
    "Error": "错误",
    "Expand sidebar": "展开菜单",
    "File Uploader": "上传文件",
    "Find My Location": "定位",
    "Format": "格式",
    "Fullscreen": "全屏",
    "Get help": "帮助",
    "Hide column": "隐藏该列",
    "Hide password": "隐藏密码",
    "Increment": "增加",
    "Light": "浅色",
    "Localized": "本地格式",
    "Main menu": "菜单",
    "Maximum": "最大值",
    "Median": "中位数",
    "Minimum": "最小值",
    "Navigate to home page": "回到首页",
    "Next": "下一页",
    "Next month": "下个月",
    "Next page": "下一页",
    "Next Result": "下一个",
    "No data": "暂无数据",
    "No options to select": "没有可选项",
    "No options to select.": "没有可选项",
    "No results": "没有匹配项",
    "None": "无",
    "Notifications": "通知",
    "Open": "打开",
    "Page not found": "没有这个页面",
    "Pagination": "翻页",
    "Past Month": "近一个月",
    "Past Week": "近一周",
    "Past Year": "近一年",
    "Percent": "百分比",
    "Pin column": "固定该列",
    "Plain": "原样",
    "Please wait...": "请稍候…",
    "Press Ctrl+Enter to apply": "按 Ctrl+回车键确认",
    "Press Ctrl+Enter to submit form": "按 Ctrl+回车键提交",
    "Press Enter to apply": "按回车键确认",
    "Press Enter to submit form": "按回车键提交",
    "Press ⌘+Enter to apply": "按 ⌘+回车键确认",
    "Press ⌘+Enter to submit form": "按 ⌘+回车键提交",
    "Previous": "上一页",
    "Previous month": "上个月",
    "Previous page": "上一页",
    "Previous Result": "上一个",
    "Print": "打印",
    "Quick select a date range": "快速选择日期范围",
    "Range": "范围",
    "Record a screencast": "录制屏幕",
    "Record screen": "录制屏幕",
    "Remove file": "移除文件",
    "Report a bug": "报告问题",
    "Rerun": "刷新",
    "Running...": "正在处理…",
    "Scientific": "科学计数",
    "Scroll tabs left": "向左",
    "Scroll tabs right": "向右",
    "Search": "查找",
    "Select all": "全选",
    "Select date": "选择日期",
    "Selected values": "已选",
    "Settings": "设置",
    "Show chart": "显示图表",
    "Show data": "显示数据",
    "Show password": "显示密码",
    "Show/hide columns": "显示或隐藏列",
    "Sidebar": "菜单",
    "Skip to main content": "跳到正文",
    "Sort ascending": "升序",
    "Sort descending": "降序",
    "Standard deviation": "标准差",
    "Statistics": "统计",
    "Stop": "停止",
    "Stop script": "停止",
    "Sum": "合计",
    "Switch camera": "切换摄像头",
    "System": "跟随系统",
    "Take Photo": "拍照",
    "The page that you have requested does not seem to exist. Running the app's main page.":
      "没有您要打开的页面，已转到首页。",
    "Theme": "外观",
    "Time": "时间",
    "Toggle attribution": "图源说明",
    "Toggle fullscreen": "切换全屏",
    "Try again": "重试",
    "Unable to connect to Streamlit server": "无法连接服务器",
    "Unpin column": "取消固定",
    "Upload": "上传",
    "Upload directories": "上传文件夹",
    "Use system setting": "跟随系统",
    "Values": "数值",
    "View fullscreen": "全屏查看",
    "View less": "收起",
    "Zoom In": "放大",
    "Zoom Out": "缩小",
    "Zoom in": "放大",
    "Zoom out": "缩小",
  };

  // What Streamlit tells developers where our readers are not: in their own words, in either language.
  const UNREACHABLE = {
    zh: "暂时连不上服务器，正在自动重试。",
    en: "The server cannot be reached just now. It is tried again and again.",
  };
  const FOR_DEVELOPERS = /^(Is Streamlit still running\?|Connection (timed out|failed)|Request timed out|Network error)/;

  const PATTERNS = [
    [/^View (\d+) more$/, "展开其余 $1 项"],
    [/^Select (\d+) matches$/, "选择 $1 个匹配项"],
    [/^Add: (.*)$/, "添加：$1"],
    [/^([\d.]+ ?[KMG]?B) per file(.*)$/, "单个文件不超过 $1$2"],
    [/^Limit ([\d.]+ ?[KMG]?B) per file(.*)$/, "单个文件不超过 $1$2"],
    [/^File must be ([\d.]+ ?[KMG]?B) or smaller\.$/, "文件不得超过 $1"],
    [/^(.*) files are not allowed\.$/, "不接受 $1 文件"],
    [/^You can only select up to (\d+) options?\. Remove an option first\.$/, "最多选择 $1 项，请先移除一项"],
    [/^Selected [Dd]ate: (\w+ \d+, \d+)$/, (_all, day) => `已选日期：${new Date(day).toLocaleDateString("zh-CN")}`],
    [/^Remove (.*)$/, "移除 $1"],
    [/^You have requested page \/(.*), but no corresponding file was found.*$/, "没有页面 /$1，已转到首页。"],
  ];

  const ATTRIBUTES = ["aria-label", "placeholder", "title", "alt"];
  const NOT_STREAMLITS = '[data-testid="stMarkdownContainer"], [data-testid="stText"], pre, code, textarea, script, style';
  const ALL_STREAMLITS = '[data-testid="stFileUploaderDropzone"]';  // its button speaks Markdown, and holds no word of ours

  const english = () => document.title.endsWith("Vigil") && !document.title.startsWith("守望");

  function inTheirWords(text) {
    const trimmed = text.trim();
    if (!/[A-Za-z]/.test(trimmed) || trimmed.length > 200) return null;
    if (FOR_DEVELOPERS.test(trimmed)) return UNREACHABLE[english() ? "en" : "zh"];
    return english() ? null : inChinese(text, trimmed);
  }

  function inChinese(text, trimmed) {
    if (Object.hasOwn(WORDS, trimmed)) return text.replace(trimmed, WORDS[trimmed]);
    for (const [pattern, words] of PATTERNS) if (pattern.test(trimmed)) return trimmed.replace(pattern, words);
    return null;
  }

  function translateText(node) {
    const within = node.parentElement;
    if (within?.closest(NOT_STREAMLITS) && !within.closest(ALL_STREAMLITS)) return;
    const words = inTheirWords(node.nodeValue);
    if (words !== null) node.nodeValue = words;
  }

  function translateAttribute(element, name) {
    const given = element.getAttribute(name);
    const words = given && inTheirWords(given);
    if (words) element.setAttribute(name, words);
  }

  function translateBelow(node) {
    if (node.nodeType === Node.TEXT_NODE) return translateText(node);
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) translateText(texts.currentNode);
    for (const name of ATTRIBUTES) {
      if (node.hasAttribute(name)) translateAttribute(node, name);
      for (const element of node.querySelectorAll(`[${name}]`)) translateAttribute(element, name);
    }
  }

  function changed(mutations) {
    const lang = english() ? "en" : "zh-CN";
    if (document.documentElement.lang !== lang) document.documentElement.lang = lang; // writing it draws the whole page anew
    for (const { type, target, addedNodes, attributeName } of mutations) {
      if (type === "attributes") translateAttribute(target, attributeName);
      else if (type === "characterData") translateText(target);
      else addedNodes.forEach(translateBelow);
    }
  }

  new MutationObserver(changed).observe(document.documentElement, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
})();
