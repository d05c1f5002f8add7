# Answers questions about the widgets of the desktop that it runs in, by UI Automation.
#
# A request is one JSON document: the only argument, the file named by an argument `file:PATH`, or
# standard input. The answer is one line of JSON, on standard output or in the file named after `--out`;
# the exit code is 0 when all was ok. `serve FOLDER` answers each `req-N.json` there by a `res-N.json`,
# until the folder is gone. See docs/accessibility.md.

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Add-Type -AssemblyName @('UIAutomationClient', 'UIAutomationTypes', 'WindowsBase')
Add-Type -Namespace Mosdat -Name Native -MemberDefinition @'
[DllImport("user32.dll")] public static extern bool SetProcessDPIAware();
[DllImport("user32.dll")] public static extern bool IsProcessDPIAware();
[DllImport("user32.dll", CharSet = CharSet.Unicode)]
public static extern IntPtr FindWindowEx(IntPtr parent, IntPtr after, string kind, string title);
[DllImport("user32.dll")]
public static extern IntPtr SendMessageTimeout(IntPtr window, uint message, IntPtr wide,
    IntPtr other, uint flags, uint limit, out IntPtr answer);
'@
# Whoever does not say so is told places in pixels that the screen does not have.
[void][Mosdat.Native]::SetProcessDPIAware()

$Uia = [System.Windows.Automation.AutomationElement]
$TogglePattern = [System.Windows.Automation.TogglePattern]
$ExpandPattern = [System.Windows.Automation.ExpandCollapsePattern]
$ChoicePattern = [System.Windows.Automation.SelectionItemPattern]
$InvokePattern = [System.Windows.Automation.InvokePattern]
$ValuePattern = [System.Windows.Automation.ValuePattern]
$RangePattern = [System.Windows.Automation.RangeValuePattern]
$WindowPattern = [System.Windows.Automation.WindowPattern]
$Scope = [System.Windows.Automation.TreeScope]
$Walker = [System.Windows.Automation.TreeWalker]::ControlViewWalker

$SmallestArea = 64
$Widest = 600
$Highest = 200
$Ancestors = 5
$MostWidgets = 20000
# Each role and the types of controls that may be it.
$Roles = [ordered]@{
#ROLES#
}

function Get-Request($reach) {
    $asked = New-Object System.Windows.Automation.CacheRequest
    $properties = @(
        $Uia::NameProperty, $Uia::ControlTypeProperty, $Uia::BoundingRectangleProperty,
        $Uia::IsOffscreenProperty, $Uia::IsEnabledProperty, $Uia::IsKeyboardFocusableProperty,
        $Uia::HasKeyboardFocusProperty, $Uia::IsPasswordProperty, $Uia::ClassNameProperty,
        $Uia::ProcessIdProperty, $Uia::NativeWindowHandleProperty, $Uia::RuntimeIdProperty,
        $Uia::IsInvokePatternAvailableProperty, $Uia::IsTogglePatternAvailableProperty,
        $Uia::IsSelectionItemPatternAvailableProperty,
        $Uia::IsExpandCollapsePatternAvailableProperty,
        $Uia::IsValuePatternAvailableProperty, $Uia::IsRangeValuePatternAvailableProperty,
        $Uia::IsWindowPatternAvailableProperty, $TogglePattern::ToggleStateProperty,
        $ExpandPattern::ExpandCollapseStateProperty, $ChoicePattern::IsSelectedProperty,
        $ValuePattern::ValueProperty, $ValuePattern::IsReadOnlyProperty, $RangePattern::ValueProperty,
        $WindowPattern::IsModalProperty, $WindowPattern::WindowVisualStateProperty
    )
    foreach ($property in $properties) {
        $asked.Add([System.Windows.Automation.AutomationProperty]$property)
    }
    $asked.TreeFilter = [System.Windows.Automation.Automation]::ControlViewCondition
    $asked.TreeScope = $reach
    return $asked
}

$OneRequest = Get-Request ($Scope::Element)
$AllRequest = Get-Request ($Scope::Subtree)

# Ends an operation with an error of a kind that who asked can tell from others.
function Stop-Operation($kind, $text) {
    $trouble = New-Object System.InvalidOperationException $text
    $trouble.Data['kind'] = $kind
    throw $trouble
}

function Get-Kind($exception) {
    $base = $exception.GetBaseException()
    if ($base.Data.Contains('kind')) { return $base.Data['kind'] }
    if ($base -is [System.Windows.Automation.ElementNotAvailableException]) { return 'gone' }
    if ($base -is [System.Windows.Automation.ElementNotEnabledException]) { return 'greyed' }
    return 'trouble'
}

# What is known of a widget without asking its program again.
function Get-Facts($element, $handle, $path, $depth) {
    $control = $element.GetCachedPropertyValue($Uia::ControlTypeProperty)
    $box = $element.GetCachedPropertyValue($Uia::BoundingRectangleProperty)
    $extents = $null
    if (-not $box.IsEmpty) {
        $extents = @{ x = [int]$box.X; y = [int]$box.Y; width = [int]$box.Width; height = [int]$box.Height }
    }
    $facts = @{
        id = "$handle/" + ($element.GetCachedPropertyValue($Uia::RuntimeIdProperty) -join '.')
        path = $path
        depth = $depth
        control = ($control.ProgrammaticName -replace '^ControlType\.', '')
        name = [string]$element.GetCachedPropertyValue($Uia::NameProperty)
        class = [string]$element.GetCachedPropertyValue($Uia::ClassNameProperty)
        process = [int]$element.GetCachedPropertyValue($Uia::ProcessIdProperty)
        offscreen = [bool]$element.GetCachedPropertyValue($Uia::IsOffscreenProperty)
        enabled = [bool]$element.GetCachedPropertyValue($Uia::IsEnabledProperty)
        focusable = [bool]$element.GetCachedPropertyValue($Uia::IsKeyboardFocusableProperty)
        focused = [bool]$element.GetCachedPropertyValue($Uia::HasKeyboardFocusProperty)
        password = [bool]$element.GetCachedPropertyValue($Uia::IsPasswordProperty)
        extents = $extents
        toggle = $null
        expanded = $null
        selected = $null
        text = $null
        read_only = $null
        range = $null
        modal = $null
        state = $null
    }
    $actions = @()
    if ($element.GetCachedPropertyValue($Uia::IsInvokePatternAvailableProperty)) {
        $actions += 'invoke'
    }
    if ($element.GetCachedPropertyValue($Uia::IsTogglePatternAvailableProperty)) {
        $actions += 'toggle'
        $facts.toggle = $element.GetCachedPropertyValue($TogglePattern::ToggleStateProperty).ToString()
    }
    if ($element.GetCachedPropertyValue($Uia::IsSelectionItemPatternAvailableProperty)) {
        $actions += 'select'
        $facts.selected = [bool]$element.GetCachedPropertyValue($ChoicePattern::IsSelectedProperty)
    }
    if ($element.GetCachedPropertyValue($Uia::IsExpandCollapsePatternAvailableProperty)) {
        $actions += 'expand', 'collapse'
        $facts.expanded = $element.GetCachedPropertyValue($ExpandPattern::ExpandCollapseStateProperty).ToString()
    }
    if ($element.GetCachedPropertyValue($Uia::IsValuePatternAvailableProperty)) {
        $facts.read_only = [bool]$element.GetCachedPropertyValue($ValuePattern::IsReadOnlyProperty)
        # What is typed into a field for passwords is nobody's to read.
        if (-not $facts.password) {
            $facts.text = [string]$element.GetCachedPropertyValue($ValuePattern::ValueProperty)
        }
    }
    if ($element.GetCachedPropertyValue($Uia::IsRangeValuePatternAvailableProperty)) {
        $at = [double]$element.GetCachedPropertyValue($RangePattern::ValueProperty)
        if (-not [double]::IsNaN($at) -and -not [double]::IsInfinity($at)) { $facts.range = $at }
    }
    if ($element.GetCachedPropertyValue($Uia::IsWindowPatternAvailableProperty)) {
        $facts.modal = [bool]$element.GetCachedPropertyValue($WindowPattern::IsModalProperty)
        $facts.state = $element.GetCachedPropertyValue($WindowPattern::WindowVisualStateProperty).ToString()
    }
    $facts.actions = $actions
    return $facts
}

# The windows at the top of the desktop: each with its program, and its place among the others.
function Get-Windows {
    $asked = $OneRequest.Activate()
    try {
        $tops = $Uia::RootElement.FindAll($Scope::Children,
            [System.Windows.Automation.Condition]::TrueCondition)
    } finally { $asked.Dispose() }
    $names = @{}
    $index = 0
    foreach ($top in $tops) {
        $id = [int]$top.GetCachedPropertyValue($Uia::ProcessIdProperty)
        if (-not $names.ContainsKey($id)) {
            $program = Get-Process -Id $id -ErrorAction SilentlyContinue
            $names[$id] = if ($program) { $program.ProcessName } else { "process $id" }
        }
        @{
            element = $top
            index = $index
            process = $id
            program = $names[$id]
            title = [string]$top.GetCachedPropertyValue($Uia::NameProperty)
            handle = [int]$top.GetCachedPropertyValue($Uia::NativeWindowHandleProperty)
        }
        $index += 1
    }
}

# Those of the first program that is meant, by the name of its process or by a title; or all. With
# `$every`, those of every program that is meant, of which there may be none.
function Select-Windows($filter, $every) {
    $windows = @(Get-Windows)
    if (-not $filter) { return $windows }
    $wanted = ([string]$filter).ToLowerInvariant()
    foreach ($one in $windows) {
        $names = ($one.program + "`n" + $one.title).ToLowerInvariant()
        if ($names.Contains($wanted) -and $every) { $one }
        elseif ($names.Contains($wanted)) {
            return @($windows | Where-Object { $_.process -eq $one.process })
        }
    }
    if ($every) { return }
    $names = (@($windows | ForEach-Object { $_.program } | Sort-Object -Unique) -join ', ')
    Stop-Operation 'no_app' "no application is called ``$filter``; there are: $names"
}

# Browsers build their tree only when they are told that somebody looks.
function Wake-Window($handle) {
    $page = [IntPtr]::Zero
    do {
        $page = [Mosdat.Native]::FindWindowEx([IntPtr]$handle, $page,
            'Chrome_RenderWidgetHostHWND', [NullString]::Value)
        if ($page -ne [IntPtr]::Zero) {
            $answer = [IntPtr]::Zero
            # WM_GETOBJECT, for the object that browsers watch; no longer than a second.
            [void][Mosdat.Native]::SendMessageTimeout($page, 0x3D, [IntPtr]::Zero, [IntPtr]1, 2,
                1000, [ref]$answer)
        }
    } while ($page -ne [IntPtr]::Zero)
}

# Every widget of a window, depth first, each with what it lies in.
function Get-Widgets($one, $maxDepth) {
    $root = $one.element.GetUpdatedCache($AllRequest)
    $widgets = New-Object System.Collections.Generic.List[object]
    $ahead = New-Object System.Collections.Generic.Stack[object]
    $ahead.Push(@{ element = $root; path = "/$($one.index)"; depth = 0; within = $null })
    while ($ahead.Count -gt 0) {
        $next = $ahead.Pop()
        if ($widgets.Count -ge $MostWidgets) {
            Stop-Operation 'too_many' "there are more than $MostWidgets widgets"
        }
        $next.facts = Get-Facts $next.element $one.handle $next.path $next.depth
        $children = @($next.element.CachedChildren)
        $next.facts.child_count = $children.Count
        $widgets.Add($next)
        if ($next.depth -lt $maxDepth) {
            for ($at = $children.Count - 1; $at -ge 0; $at -= 1) {
                $ahead.Push(@{
                    element = $children[$at]
                    path = "$($next.path)/$at"
                    depth = $next.depth + 1
                    within = $next
                })
            }
        } elseif ($children.Count -gt 0) {
            $next.facts.is_cut = $true
        }
    }
    return , $widgets
}

function Get-Area($box) {
    if ($null -eq $box -or $box.width -le 0 -or $box.height -le 0) { return 0 }
    return $box.width * $box.height
}

# Its own box, or the nearest one around it that can be hit and is no larger than a row.
function Get-Clickable($widget) {
    $own = $widget.facts.extents
    if ((Get-Area $own) -ge $SmallestArea) { return $own }
    $around = $widget.within
    for ($step = 0; $step -lt $Ancestors -and $null -ne $around; $step += 1) {
        $box = $around.facts.extents
        if ((Get-Area $box) -ge $SmallestArea -and $box.width -le $Widest -and $box.height -le $Highest) {
            return $box
        }
        $around = $around.within
    }
    return $own
}

function Get-Role($control) {
    foreach ($role in $Roles.Keys) {
        if ($Roles[$role][0] -eq $control) { return $role }
    }
    return $control.ToLowerInvariant()
}

function Get-Bare($role) { return ([string]$role).ToLowerInvariant() -replace '[ _-]', '' }

function Test-Role($wanted, $control) {
    $bare = Get-Bare $wanted
    foreach ($role in $Roles.Keys) {
        if ((Get-Bare $role) -eq $bare) { return $Roles[$role] -contains $control }
    }
    return $control -eq $bare
}

function Get-Told($widget) {
    $facts = $widget.facts
    return @{
        id = $facts.id
        role = Get-Role $facts.control
        name = $facts.name
        path = $facts.path
        depth = $facts.depth
        n_actions = $facts.actions.Count
        action_names = @($facts.actions)
        child_count = $facts.child_count
        extents = $facts.extents
        clickable_extents = Get-Clickable $widget
        visible = -not $facts.offscreen
    }
}

function Test-Widget($widget, $wanted) {
    if ($wanted.role -and -not (Test-Role $wanted.role $widget.facts.control)) { return $false }
    if ($wanted.showing -and $widget.facts.offscreen) { return $false }
    if ($null -eq $wanted.name) { return $true }
    if ($wanted.name_substr) { return $widget.facts.name.Contains([string]$wanted.name) }
    return $widget.facts.name -ceq [string]$wanted.name
}

function Get-Number($given, $otherwise) {
    if ($null -eq $given) { return $otherwise }
    return [int]$given
}

# The widgets that fit, depth first: the first, or all.
function Find-Widgets($wanted, $isFirstEnough) {
    if (-not $wanted.role -and $null -eq $wanted.name) {
        Stop-Operation 'bad' 'neither a `role` nor a `name` is given'
    }
    foreach ($one in @(Select-Windows $wanted.app_filter)) {
        foreach ($widget in (Get-Widgets $one (Get-Number $wanted.max_depth 50))) {
            if (Test-Widget $widget $wanted) {
                $widget
                if ($isFirstEnough) { return }
            }
        }
    }
}

function Get-Words($wanted) {
    $words = foreach ($key in 'role', 'name', 'app_filter') {
        if ($null -ne $wanted.$key) { "$key='$($wanted.$key)'" }
    }
    return $words -join ' '
}

function Invoke-Find($op, $found) {
    $seen = @(Find-Widgets $op $true)
    if ($seen.Count -eq 0) { Stop-Operation 'not_found' "not found: $(Get-Words $op)" }
    $found[[string]$op.id] = $seen[0].element
    return Get-Told $seen[0]
}

function Invoke-FindAll($op) {
    $seen = @(Find-Widgets $op $false)
    $shown = @($seen | Where-Object { -not $_.facts.offscreen })
    $hidden = @($seen | Where-Object { $_.facts.offscreen })
    $all = @($shown) + @($hidden) | Select-Object -First (Get-Number $op.limit 10)
    return @{ count = $seen.Count; matches = @($all | ForEach-Object { Get-Told $_ }) }
}

function Get-Element($id) {
    $handle, $rest = ([string]$id).Split('/', 2)
    $numbers = [int[]]@($rest.Split('.') | ForEach-Object { [int]$_ })
    $top = $Uia::FromHandle([IntPtr][int]$handle)
    $condition = [System.Windows.Automation.PropertyCondition]::new($Uia::RuntimeIdProperty, $numbers)
    $element = $top.FindFirst($Scope::Subtree, $condition)
    if ($null -eq $element) { Stop-Operation 'gone' "nothing is at ``$id`` any more" }
    return $element.GetUpdatedCache($OneRequest)
}

function Get-AtPath($path, $filter) {
    $windows = @(Select-Windows $filter)
    $wanted = ([string]$path).Trim('/')
    foreach ($one in $windows) {
        foreach ($widget in (Get-Widgets $one 200)) {
            if ($widget.path.Trim('/') -eq $wanted) { return $widget.element }
        }
    }
    Stop-Operation 'gone' "nothing is at ``$path``"
}

function Invoke-Action($op, $found) {
    if ($null -ne $op.at) { $element = Get-Element $op.at }
    elseif ($null -ne $op.from_id) {
        if (-not $found.ContainsKey([string]$op.from_id)) {
            Stop-Operation 'bad' "``$($op.from_id)`` has found nothing"
        }
        $element = $found[[string]$op.from_id].GetUpdatedCache($OneRequest)
    } elseif ($null -ne $op.path) { $element = Get-AtPath $op.path $op.app_filter }
    else { Stop-Operation 'bad' 'neither a `path` nor a `from_id` is given' }
    $facts = Get-Facts $element 0 '' 0
    $index = Get-Number $op.action_idx 0
    if ($index -lt 0 -or $index -ge $facts.actions.Count) {
        Stop-Operation 'no_action' "there is no action $index, only $($facts.actions -join ', ')"
    }
    if (-not $facts.enabled) { Stop-Operation 'greyed' 'it is greyed out' }
    $action = $facts.actions[$index]
    try {
        switch ($action) {
            'invoke' { $element.GetCurrentPattern($InvokePattern::Pattern).Invoke() }
            'toggle' { $element.GetCurrentPattern($TogglePattern::Pattern).Toggle() }
            'select' { $element.GetCurrentPattern($ChoicePattern::Pattern).Select() }
            'expand' { $element.GetCurrentPattern($ExpandPattern::Pattern).Expand() }
            'collapse' { $element.GetCurrentPattern($ExpandPattern::Pattern).Collapse() }
        }
    } catch {
        $kind = Get-Kind $_.Exception
        if ($kind -eq 'trouble') { $kind = 'refused' }
        $said = $_.Exception.GetBaseException().Message
        Stop-Operation $kind $said
    }
    return @{ action_idx = $index; action = $action }
}

# Everything below one widget, as trees within trees.
function Get-Nested($widgets) {
    $inner = @{}
    $top = $null
    foreach ($widget in $widgets) {
        $told = Get-Told $widget
        $told.children = New-Object System.Collections.Generic.List[object]
        $inner[$told.path] = $told
        if ($null -eq $widget.within) { $top = $told }
        else { $inner[$widget.within.path].children.Add($told) }
    }
    return $top
}

function Invoke-Dump($op) {
    $maxDepth = Get-Number $op.max_depth 30
    $trees = New-Object System.Collections.Generic.List[object]
    $windows = New-Object System.Collections.Generic.List[object]
    foreach ($one in @(Select-Windows $op.app_filter $op.flat)) {
        $told = @{ program = $one.program; title = $one.title; process = $one.process; error = $null; widgets = @() }
        try {
            $widgets = Get-Widgets $one $maxDepth
            if ($op.flat) { $told.widgets = @($widgets | ForEach-Object { $_.facts }) }
            else { $trees.Add((Get-Nested $widgets)) }
        } catch {
            # One that does not answer hides none of the others; who asked is told of it.
            $told.error = $_.Exception.GetBaseException().Message
            $told.kind = Get-Kind $_.Exception
        }
        $windows.Add($told)
    }
    if ($op.flat) { return @{ windows = $windows } }
    $silent = @($windows | Where-Object { $null -ne $_.error } | ForEach-Object { $_.program })
    return @{ tree = $trees; silent = $silent }
}

function Invoke-Wait($op) {
    $quantifier = if ($null -ne $op.any) { 'any' } else { 'all' }
    $wanted = @($op.$quantifier)
    if ($wanted.Count -eq 0 -or $null -eq $wanted[0]) { Stop-Operation 'bad' 'neither `any` nor `all` is given' }
    $limit = Get-Number $op.timeout_ms 15000
    $interval = Get-Number $op.interval_ms 500
    $time = [System.Diagnostics.Stopwatch]::StartNew()
    $polls = 0
    while ($true) {
        $polls += 1
        $held = New-Object System.Collections.Generic.List[object]
        foreach ($one in $wanted) {
            if ($null -eq $one.app_filter -and $null -ne $op.app_filter) {
                $one | Add-Member -NotePropertyName app_filter -NotePropertyValue $op.app_filter
            }
            try { $seen = @(Find-Widgets $one $true) } catch {
                if ((Get-Kind $_.Exception) -eq 'bad') { throw }
                $seen = @()
            }
            if ($seen.Count -gt 0) {
                $told = Get-Told $seen[0]
                if ($quantifier -eq 'any') {
                    return @{ matched = 'any'; cond = $one; path = $told.path; polls = $polls }
                }
                $held.Add($told)
            }
        }
        if ($quantifier -eq 'all' -and $held.Count -eq $wanted.Count) {
            return @{ matched = 'all'; matches = $held; path = $held[0].path; polls = $polls }
        }
        if ($time.ElapsedMilliseconds -ge $limit) {
            Stop-Operation 'not_found' "not seen within $limit ms: $quantifier of $($wanted.Count)"
        }
        Start-Sleep -Milliseconds $interval
    }
}

# An element and all that it lies in, the nearest first, up to its window.
function Get-Line($element) {
    $line = New-Object System.Collections.Generic.List[object]
    $root = $Uia::RootElement
    while ($null -ne $element -and -not $Uia::Equals($element, $root)) {
        $line.Add($element.GetUpdatedCache($OneRequest))
        $element = $Walker.GetParent($element)
    }
    return , $line
}

# What is known of each of them; the last is the window.
function Get-LineFacts($line) {
    $top = $line[$line.Count - 1]
    $handle = [int]$top.GetCachedPropertyValue($Uia::NativeWindowHandleProperty)
    for ($at = 0; $at -lt $line.Count; $at += 1) {
        Get-Facts $line[$at] $handle '' ($line.Count - 1 - $at)
    }
}

function Get-Program($process) {
    $program = Get-Process -Id $process -ErrorAction SilentlyContinue
    if ($program) { return $program.ProcessName }
    return "process $process"
}

function Invoke-AtPoint($op) {
    $point = [System.Windows.Point]::new([double]$op.x, [double]$op.y)
    $element = $Walker.Normalize($Uia::FromPoint($point))
    $line = Get-Line $element
    if ($line.Count -eq 0) { Stop-Operation 'not_found' "no window is at $($op.x),$($op.y)" }
    $facts = @(Get-LineFacts $line)
    $told = $facts[0]
    return @{
        id = $told.id; role = Get-Role $told.control; name = $told.name; depth = $told.depth
        n_actions = $told.actions.Count; action_names = @($told.actions); extents = $told.extents
        clickable_extents = $told.extents; app = Get-Program $told.process
        title = $facts[-1].name; widget = $told
    }
}

function Invoke-Around($op) {
    $line = Get-Line (Get-Element $op.at)
    $facts = @(Get-LineFacts $line)
    return @{ widgets = $facts; program = Get-Program $facts[-1].process; title = $facts[-1].name }
}

# What proves that the desktop can be seen from here.
function Get-Sight {
    $own = [System.Diagnostics.Process]::GetCurrentProcess().SessionId
    $locks = @(Get-Process -Name LogonUI -ErrorAction SilentlyContinue | Where-Object { $_.SessionId -eq $own })
    return @{
        session = $own
        interactive = [Environment]::UserInteractive
        locked = $locks.Count -gt 0
        windows = @(Get-Windows).Count
        aware = [Mosdat.Native]::IsProcessDPIAware()
        user = [Environment]::UserName
    }
}

function Invoke-Operation($op, $found) {
    switch -CaseSensitive ([string]$op.op) {
        'find' { return Invoke-Find $op $found }
        'verify' { return Invoke-Find $op $found }
        'find_all' { return Invoke-FindAll $op }
        'do_action' { return Invoke-Action $op $found }
        'tree_dump' { return Invoke-Dump $op }
        'wait_for' { return Invoke-Wait $op }
        'get_at_point' { return Invoke-AtPoint $op }
        'around' { return Invoke-Around $op }
        default { Stop-Operation 'bad' "there is no operation ``$($op.op)``" }
    }
}

function Get-Reply($text) {
    $results = @{}
    $errors = New-Object System.Collections.Generic.List[object]
    $nonce = $null
    $sight = $null
    try {
        $request = ConvertFrom-Json $text
        $nonce = $request.nonce
        if ($null -eq $request.ops) { Stop-Operation 'bad' 'the request has no list `ops`' }
        $sight = Get-Sight
        if ($null -eq $request.init -or $request.init.force_atspi_init -ne $false) {
            foreach ($one in @(Get-Windows)) { Wake-Window $one.handle }
        }
        if ($request.init.settle_ms) { Start-Sleep -Milliseconds ([int]$request.init.settle_ms) }
        $found = @{}
        $number = 0
        foreach ($op in @($request.ops)) {
            if ($null -eq $op.id) {
                $op | Add-Member -NotePropertyName id -NotePropertyValue ([string]$number) -Force
            }
            $number += 1
            try {
                $result = Invoke-Operation $op $found
                $result.ok = $true
            } catch {
                $said = $_.Exception.GetBaseException().Message
                $result = @{ ok = $false; error = $said; kind = Get-Kind $_.Exception }
                $errors.Add("$($op.id): $said")
            }
            $results[[string]$op.id] = $result
        }
    } catch {
        $errors.Add($_.Exception.GetBaseException().Message)
    }
    $reply = @{ ok = $errors.Count -eq 0; results = $results; errors = $errors; nonce = $nonce; sight = $sight }
    return @{ ok = $reply.ok; text = ConvertTo-Json $reply -Depth 100 -Compress }
}

# Writes a file under its name only when all of it is there.
function Write-Whole($path, $text) {
    [System.IO.File]::WriteAllText("$path.part", $text)
    if ([System.IO.File]::Exists($path)) { [System.IO.File]::Delete($path) }
    [System.IO.File]::Move("$path.part", $path)
}

function Start-Serving($folder) {
    $idle = [System.Diagnostics.Stopwatch]::StartNew()
    while ([System.IO.Directory]::Exists($folder) -and $idle.Elapsed.TotalHours -lt 2) {
        $asked = @([System.IO.Directory]::GetFiles($folder, 'req-*.json') | Sort-Object)
        if ($asked.Count -eq 0) {
            Start-Sleep -Milliseconds 30
            continue
        }
        $idle.Restart()
        foreach ($file in $asked) {
            # Whoever asked may give up and take the question back; then it must not be done later.
            try {
                [System.IO.File]::Move($file, "$file.taken")
                $text = [System.IO.File]::ReadAllText("$file.taken")
                [System.IO.File]::Delete("$file.taken")
            } catch { continue }
            $number = [System.IO.Path]::GetFileNameWithoutExtension($file).Substring(4)
            $reply = Get-Reply $text
            try { Write-Whole "$folder\res-$number.json" $reply.text } catch { continue }
        }
    }
}

$out = $null
$given = $null
for ($at = 0; $at -lt $args.Count; $at += 1) {
    if ($args[$at] -eq '--out') {
        $at += 1
        $out = $args[$at]
    } elseif ($args[$at] -eq 'serve') {
        Start-Serving ([string]$args[$at + 1])
        exit 0
    } else { $given = [string]$args[$at] }
}
if ($null -eq $given -or $given -eq '-') { $text = [Console]::In.ReadToEnd() }
elseif ($given.StartsWith('file:')) { $text = [System.IO.File]::ReadAllText($given.Substring(5)) }
else { $text = $given }
$reply = Get-Reply $text
if ($out) { Write-Whole $out $reply.text }
else { [Console]::Out.WriteLine($reply.text) }
if ($reply.ok) { exit 0 } else { exit 1 }
