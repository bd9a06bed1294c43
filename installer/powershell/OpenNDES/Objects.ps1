# SPDX-License-Identifier: Apache-2.0
#
# From the program's JSON to objects, and from settings to its arguments.

# Members that are points of time. Others stay text, whatever they look like.
$script:TimePattern = '(_at|_since|^time|^since|^started|^not_before|^not_after|^until)$'

# Local time, as other cmdlets show it; $null for "never" and for nothing. PowerShell 7 has made a
# [datetime] of it already.
function ConvertTo-OpenNdesTime {
    param([object]$Value)

    if ($Value -is [datetime]) {
        return $Value.ToLocalTime()
    }
    $time = [datetime]::MinValue
    $style = [System.Globalization.DateTimeStyles]::AssumeUniversal
    if ([datetime]::TryParse([string]$Value, [System.Globalization.CultureInfo]::InvariantCulture, $style, [ref]$time)) {
        return $time.ToLocalTime()
    }
    return $null
}

# "not_after" becomes NotAfter, "ca" CA.
function ConvertTo-OpenNdesName {
    param([string]$Name)

    $words = foreach ($word in ($Name -split '[_.-]')) {
        if ($word -eq 'ca') {
            'CA'
        }
        elseif ($word -ne '') {
            $word.Substring(0, 1).ToUpperInvariant() + $word.Substring(1)
        }
    }
    return $words -join ''
}

function ConvertTo-OpenNdesValue {
    param([string]$Name, [object]$Value)

    if ($Name -match $script:TimePattern) {
        return ConvertTo-OpenNdesTime -Value $Value
    }
    if ($Value -is [datetime]) {
        # PowerShell 7 takes every text that looks like a time for one
        return $Value.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
    }
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        return ConvertTo-OpenNdesObject -Row $Value -TypeName 'OpenNDES.Detail'
    }
    if ($Value -is [array]) {
        return , @(foreach ($item in $Value) { ConvertTo-OpenNdesValue -Name '' -Value $item })
    }
    return $Value
}

# A JSON object as an object of the given type. Names lists members that the program leaves out when
# they do not apply: scripts may read them all the same.
function ConvertTo-OpenNdesObject {
    param([object]$Row, [string]$TypeName, [string[]]$Names = @())

    $members = [ordered]@{}
    foreach ($property in $Row.PSObject.Properties) {
        $members[(ConvertTo-OpenNdesName -Name $property.Name)] = ConvertTo-OpenNdesValue -Name $property.Name -Value $property.Value
    }
    foreach ($name in $Names) {
        if (-not $members.Contains($name)) {
            $members[$name] = $null
        }
    }
    $object = [PSCustomObject]$members
    $object.PSObject.TypeNames.Insert(0, $TypeName)
    return $object
}

# The objects of an answer that is an array or one object. foreach is the same in 5.1, which keeps an
# array together, and in 7, which does not.
function ConvertFrom-OpenNdesJson {
    param([string]$Text, [string]$TypeName, [string[]]$Names = @())

    $rows = ConvertFrom-Json -InputObject $Text
    foreach ($row in $rows) {
        ConvertTo-OpenNdesObject -Row $row -TypeName $TypeName -Names $Names
    }
}

# The settings of one JSON object as an ordered dictionary: names with points stay as they are.
function ConvertTo-OpenNdesDictionary {
    param([string]$Text)

    $settings = [ordered]@{}
    foreach ($property in (ConvertFrom-Json -InputObject $Text).PSObject.Properties) {
        $settings[$property.Name] = ConvertTo-OpenNdesValue -Name '' -Value $property.Value
    }
    return $settings
}

# "KEY=VALUE" for each setting; lists are joined by commas, $true is true.
function ConvertTo-OpenNdesSetting {
    param([System.Management.Automation.PSCmdlet]$Cmdlet, [System.Collections.IDictionary]$Setting)

    foreach ($key in $Setting.Keys) {
        if ([string]$key -notmatch '^[A-Za-z0-9_.]+$' -or [string]$key -eq 'challenge.passphrase') {
            $exception = New-Object System.ArgumentException "'$key' cannot be set this way: keys are letters, digits, points and underscores, and a passphrase has the parameter Passphrase."
            $Cmdlet.ThrowTerminatingError((New-Object System.Management.Automation.ErrorRecord $exception, 'usage', 'InvalidArgument', $key))
        }
        $words = foreach ($value in @($Setting[$key])) {
            if ($value -is [bool]) {
                $value.ToString().ToLowerInvariant()
            }
            else {
                [System.Convert]::ToString($value, [System.Globalization.CultureInfo]::InvariantCulture)
            }
        }
        "$key=" + ($words -join ',')
    }
}
